/** What people typed into the forms of alerts, taken apart. Pure. */

import type { Usd } from "../../../domain/money.ts";
import { AMOUNT_REFUSAL_TEXT, parseAmount } from "../../../domain/money-text.ts";

/** By block id; undefined where nothing was entered. */
type Values = Readonly<Record<string, string | undefined>>;
type Problems = Readonly<Record<string, string>>;

/** What somebody expects of an event. */
export interface PlanForm {
  readonly name: string;
  readonly from: string | undefined;
  readonly until: string;
  readonly expected: Usd;
}

export function planProblems(values: Values): Problems {
  const amount = parseAmount(values["amount"] ?? "");
  const { from, until, name } = values;
  return withoutEmpty({
    scope: (values["scope"] ?? "").trim() === "" ? "Say for whom." : undefined,
    name: (name ?? "").trim() === "" ? "Say in a few words what it is." : undefined,
    from: from === undefined ? "Choose the first day." : undefined,
    until: untilProblem(from, until),
    amount: amount.kind === "refused" ? AMOUNT_REFUSAL_TEXT[amount.reason] : undefined,
  });
}

function untilProblem(from: string | undefined, until: string | undefined): string | undefined {
  if (until === undefined) return "Choose the last day.";
  return from !== undefined && until < from ? "The last day comes before the first." : undefined;
}

/** A plan is given whole or not at all. */
export function feedbackProblems(values: Values): Problems {
  if (values["what"] === undefined) return { what: "Choose one." };
  if (values["what"] !== "planned") return {};
  const { until, amount } = values;
  if (until === undefined && amount === undefined) return {};
  const parsed = parseAmount(amount ?? "");
  return withoutEmpty({
    until: until === undefined ? "Until when? Or leave the amount empty, too." : undefined,
    amount: parsed.kind === "refused" ? AMOUNT_REFUSAL_TEXT[parsed.reason] : undefined,
  });
}

/** The plan in a form; undefined when there is none in it. */
export function planFrom(values: Values): PlanForm | undefined {
  const amount = parseAmount(values["amount"] ?? "");
  const { until, from } = values;
  if (amount.kind === "refused" || until === undefined) return undefined;
  return { name: (values["name"] ?? "").trim(), from, until, expected: amount.amount };
}

function withoutEmpty(problems: Readonly<Record<string, string | undefined>>): Problems {
  return Object.fromEntries(
    Object.entries(problems).flatMap(([field, text]) =>
      text === undefined ? [] : [[field, text]],
    ),
  );
}
