/**
 * What an adapter is: a pure function from what a source sent to usage events. It knows one format
 * and nothing of storage; it keeps quantities, ids and names, never text of prompts or answers.
 */
import type { Instant } from "../../../domain/time.ts";
import type { ParsedEvent } from "../rules.ts";

export interface AdapterContext {
  /** Name of the source that the request proved to be. */
  readonly source: string;
  /** When the request was received: the time of events that carry none. */
  readonly now: Instant;
}

/**
 * One `ParsedEvent` for each element that is about usage; its index is the element's position in
 * the delivery. Elements that are rightly about something else give none. Throws `AppError`
 * "invalid" when the whole is not of the format at all.
 */
export type Adapter<Delivery = unknown> = (
  delivery: Delivery,
  context: AdapterContext,
) => readonly ParsedEvent[];
