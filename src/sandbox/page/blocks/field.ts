/** What every element of a form knows of itself, wherever it stands. */
import type { EnteredValue } from "../../slack/protocol.ts";
import { type Json, words } from "../text/json.ts";

/** What an input block adds to its element. */
interface InputFrame {
  readonly id: string;
  readonly describedBy: string;
  readonly isWrong: boolean;
  readonly dispatches: boolean;
}

export interface ElementProps {
  readonly element: Json;
  readonly blockId: string;
  readonly input?: InputFrame | undefined;
}

/** An element, its current value and what to do with a new one. */
export interface Field extends ElementProps {
  readonly value: EnteredValue;
  readonly isBusy: boolean;
  /** Keeps the value; elements outside input blocks tell the bot at once. */
  readonly choose: (value: EnteredValue) => void;
}

/** Common attributes of everything one types into. */
export function frameOf({ input, element }: Field) {
  if (input === undefined) return { "aria-label": words(element["placeholder"]) || "Choose" };
  return { id: input.id, "aria-describedby": input.describedBy, "aria-invalid": input.isWrong };
}
