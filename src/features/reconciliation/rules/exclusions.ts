/**
 * What is on one side only and known to be so: it is named and taken out, so that the rest can be
 * compared. Pure.
 */
import { usd } from "../../../domain/money.ts";
import type { Cause } from "./causes.ts";
import type { Difference } from "./difference.ts";
import type { BilledLine, ChargedLine, Sides } from "./lines.ts";

interface Split extends Sides {
  readonly differences: readonly Difference[];
}

/** What is on our side only by its kind, whatever the bill has: other bills, and commitments. */
export function splitOwnKinds({ theirs, ours }: Sides): Split {
  const isPriorityBilled = theirs.some(
    ({ serviceTier, billedCost }) => serviceTier === "priority" && billedCost !== 0n,
  );
  const split = splitBy(ours, ({ isElsewhere, serviceTier }) => {
    if (isElsewhere) return "other_provider";
    return serviceTier === "priority" && !isPriorityBilled ? "priority_tier" : undefined;
  });
  return {
    theirs,
    ours: split.kept,
    differences: split.taken.map(({ line, cause }) => differenceOf(line, cause, line.billedCost)),
  };
}

/** What only one side has of a place where the other has nothing at all. */
export function splitOneSided({ theirs, ours }: Sides): Split {
  const place = ({ day, workspaceId, component }: BilledLine | ChargedLine): string =>
    JSON.stringify([day, workspaceId, component]);
  const counted = new Set(ours.map(place));
  // A source that tells of searches at all is taken to tell of each.
  const searching = new Set(
    ours.flatMap(({ component, workspaceId }) => (component === "web_search" ? [workspaceId] : [])),
  );
  const ourWorkspaces = new Set(ours.map(({ workspaceId }) => workspaceId));
  const theirWorkspaces = new Set(theirs.map(({ workspaceId }) => workspaceId));
  // Of a side that alone has usage without a workspace nobody can tell what it covers.
  const isNamed = ourWorkspaces.has(undefined) === theirWorkspaces.has(undefined);
  const isMissing = (
    workspaces: ReadonlySet<string | undefined>,
    workspaceId: string | undefined,
  ): boolean =>
    workspaceId !== undefined && isNamed && workspaces.size > 0 && !workspaces.has(workspaceId);

  const billed = splitBy(theirs, (line) => {
    const { component, workspaceId } = line;
    const isByTime = component === "code_execution" || component === "session_usage";
    if (isByTime) return counted.has(place(line)) ? undefined : component;
    if (isMissing(ourWorkspaces, workspaceId)) return "unlinked_workspace";
    return component === "web_search" && !searching.has(workspaceId) ? "web_search" : undefined;
  });
  const charged = splitBy(ours, ({ workspaceId }) =>
    isMissing(theirWorkspaces, workspaceId) ? "unknown_workspace" : undefined,
  );
  return {
    theirs: billed.kept,
    ours: charged.kept,
    differences: [
      ...billed.taken.map(({ line, cause }) => differenceOf(line, cause, 0n - line.billedCost)),
      ...charged.taken.map(({ line, cause }) => differenceOf(line, cause, line.billedCost)),
    ],
  };
}

function splitBy<Line>(
  lines: readonly Line[],
  causeOf: (line: Line) => Cause | undefined,
): { readonly kept: readonly Line[]; readonly taken: readonly { line: Line; cause: Cause }[] } {
  const kept: Line[] = [];
  const taken: { line: Line; cause: Cause }[] = [];
  for (const line of lines) {
    const cause = causeOf(line);
    if (cause === undefined) kept.push(line);
    else taken.push({ line, cause });
  }
  return { kept, taken };
}

function differenceOf(line: BilledLine | ChargedLine, cause: Cause, amount: bigint): Difference {
  const { day, workspaceId, modelId, component } = line;
  return { day, workspaceId, modelId, component, cause, amount: usd(amount), evidence: undefined };
}
