/** What the processes of one program say to each other, over the channel that node gives them. */
import { z } from "zod";
import { metricsSnapshot } from "../../http/metrics.ts";

/** What the primary says to a child. */
const toChild = z.discriminatedUnion("kind", [
  /** Every child serves, so the program is ready. */
  z.object({ kind: z.literal("all-serving") }),
  z.object({ kind: z.literal("snapshot-wanted") }),
  /** The answer to `metrics-wanted`: Prometheus' text of the whole program. */
  z.object({ kind: z.literal("metrics"), text: z.string() }),
]);
export type ToChild = z.infer<typeof toChild>;

/** What a child says to the primary. */
const toPrimary = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("serving"), url: z.string() }),
  /** The start failed, with what to do about it; the child ends. */
  z.object({ kind: z.literal("failed"), message: z.string() }),
  z.object({ kind: z.literal("snapshot"), snapshot: metricsSnapshot }),
  z.object({ kind: z.literal("metrics-wanted") }),
]);
export type ToPrimary = z.infer<typeof toPrimary>;

/** Undefined: not one of ours; node and libraries use the same channel. */
export function parseToChild(message: unknown): ToChild | undefined {
  return toChild.safeParse(message).data;
}

/** Undefined: not one of ours. */
export function parseToPrimary(message: unknown): ToPrimary | undefined {
  return toPrimary.safeParse(message).data;
}
