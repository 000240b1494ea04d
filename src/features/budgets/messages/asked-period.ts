/** What is said where somebody asks budgets or forecasts for a period that they have nothing of. Pure. */
import type { PeriodKind } from "../../../domain/time.ts";
import { type Block, context } from "../../../slack/blocks.ts";
import { askAgain } from "../../../slack/suggestions.ts";
import { nameText } from "./wording.ts";

export type AskedPeriod =
  /** There is none of that period: all that there are are shown. */
  | { readonly kind: "none-of-period"; readonly periodKind: PeriodKind; readonly name: string }
  /** Not the running period: a report tells of it. `command` asks for that. */
  | { readonly kind: "other-time"; readonly label: string; readonly command: string };

/** A line, and a button that leads on. Nothing where all was as asked for. */
export function askedPeriodBlocks(asked: AskedPeriod | undefined): readonly Block[] {
  switch (asked?.kind) {
    case undefined:
      return [];
    case "none-of-period":
      return [context(`There is no ${asked.periodKind} budget of ${nameText(asked.name)}.`)];
    case "other-time":
      return [
        context("Budgets and forecasts are of the current period; a report tells of any other."),
        ...askAgain([{ text: `Report: ${asked.label}`, command: asked.command }]),
      ];
  }
}
