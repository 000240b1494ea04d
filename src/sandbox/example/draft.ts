/** An event that still lacks its name and its moment: what people, apps and incidents hand over. */
import type { NativeEvent } from "./native-event.ts";

export interface Draft {
  /** Who caused it; part of the event's id. */
  readonly actor: string;
  /** Where in its hour it happened: at least 0, below 1. */
  readonly offset: number;
  readonly event: Omit<NativeEvent, "event_id" | "occurred_at" | "request_id">;
}
