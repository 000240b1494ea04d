/** Faults on demand: the next Web API calls of the bot meet a rate limit, an error or a cut line. */
import { findPlaceByIdOrName } from "./conversations.ts";
import type { FaultRequest } from "./protocol.ts";
import type { Slack } from "./state.ts";

/** What Slack brings to one workspace after the other. */
const DATA_BLOCKS = ["data_visualization", "data_table"];

export interface Faults {
  readonly add: (fault: FaultRequest) => void;
  readonly clear: () => void;
  /** How many calls are still to meet one; a slow call has met it when it begins. */
  readonly left: () => number;
  /** The fault for this call, used up by it; undefined when it may go through. */
  readonly take: (call: {
    readonly method: string;
    readonly channel: unknown;
  }) => FaultRequest | undefined;
}

export function createFaults(slack: Slack): Faults {
  let pending: { readonly fault: FaultRequest; left: number }[] = [];
  const placeId = (channel: unknown) =>
    typeof channel === "string" ? (findPlaceByIdOrName(slack, channel)?.id ?? channel) : undefined;
  return {
    add: (fault) => {
      if (fault.kind === "refuse_blocks") {
        for (const type of fault.blockTypes ?? DATA_BLOCKS) slack.state.refusedBlocks.add(type);
        return;
      }
      if (fault.kind === "archive" || fault.kind === "unarchive") {
        const id = placeId(fault.channel) ?? "";
        if (fault.kind === "archive") slack.state.archived.add(id);
        else slack.state.archived.delete(id);
        return;
      }
      pending.push({ fault, left: fault.times ?? 1 });
    },
    clear: () => {
      pending = [];
      slack.state.refusedBlocks.clear();
      slack.state.archived.clear();
    },
    left: () => pending.reduce((sum, { left }) => sum + left, 0),
    take: ({ method, channel }) => {
      const entry = pending.find(
        ({ fault }) =>
          (fault.method === undefined || fault.method === method) &&
          (fault.channel === undefined || placeId(fault.channel) === placeId(channel)),
      );
      if (entry === undefined) return undefined;
      entry.left -= 1;
      if (entry.left <= 0) pending = pending.filter((other) => other !== entry);
      return entry.fault;
    },
  };
}
