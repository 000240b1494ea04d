/** What reads the elements of a file of one kind: in pieces as they come, an event after the other. */
import { invalidElement } from "../field-limits.ts";
import type { ParsedEvent } from "../rules.ts";
import type { AdapterContext } from "./adapter.ts";

/** Hears of each event or rejection, with the line on which its element begins. */
export type TakeElement = (parsed: ParsedEvent, line: number) => void;

export interface ElementReader {
  /** Hands on the events that these bytes complete. The bytes are not looked at again. */
  readonly take: (chunk: Buffer, take: TakeElement) => Promise<void>;
  /** Hands on the rest; how many answers were left out because they are still being written. */
  readonly finish: (take: TakeElement) => Promise<number>;
}

export interface ElementReading {
  readonly context: AdapterContext;
  readonly userEmail: string | undefined;
}

export function brokenLine(): ParsedEvent {
  return invalidElement(0, undefined, "expected JSON in UTF-8");
}
