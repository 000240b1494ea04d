/** What people typed into the forms of alerts, taken apart. Pure. */

import type { Usd } from "../../../domain/money.ts";
import { AMOUNT_REFUSAL_TEXT, parseAmount } from "../../../domain/money-text.ts";
import { addMs, HOUR_MS, type Instant, localDate, timeZone } from "../../../domain/time.ts";

const UTC = timeZone("UTC");
/** Nowhere a day ends later than that after it did in UTC. */
const LATEST_ZONE_MS = 12 * HOUR_MS;

/** Of what an event is called. */
export const PLAN_NAME_CHARS_MAX = 100;

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

export function planProblems(values: Values, now: Instant): Problems {
  const amount = parseAmount(values["amount"] ?? "");
  const { from, until, name } = values;
  return withoutEmpty({
    scope: (values["scope"] ?? "").trim() === "" ? "Say for whom." : undefined,
    name: (name ?? "").trim() === "" ? "Say in a few words what it is." : nameProblem(name),
    from: from === undefined ? "Choose the first day." : undefined,
    until: untilProblem({ from, until }, now),
    amount: amount.kind === "refused" ? AMOUNT_REFUSAL_TEXT[amount.reason] : undefined,
  });
}

function nameProblem(name = ""): string | undefined {
  return name.trim().length > PLAN_NAME_CHARS_MAX
    ? `Say it in at most ${String(PLAN_NAME_CHARS_MAX)} characters.`
    : undefined;
}

function untilProblem(
  { from, until }: Pick<Values, "from" | "until">,
  now: Instant,
): string | undefined {
  if (until === undefined) return "Choose the last day.";
  if (from !== undefined && until < from) {
    return "The last day comes before the first: choose that day or a later one.";
  }
  return isOver(until, now) ? "That day is over: choose today or a later one." : undefined;
}

/** Wherever on earth one is: which zone counts, only the organization knows. */
function isOver(day: string, now: Instant): boolean {
  return day < localDate(addMs(now, -LATEST_ZONE_MS), UTC);
}

/** A plan is given whole or not at all. */
export function feedbackProblems(values: Values, now: Instant): Problems {
  if (values["what"] === undefined) return { what: "Choose one." };
  if (values["what"] !== "planned") return {};
  const { until, amount, name } = values;
  if (until === undefined && amount === undefined) return {};
  const parsed = parseAmount(amount ?? "");
  return withoutEmpty({
    name: nameProblem(name),
    until:
      until === undefined
        ? "Until when? Or leave the amount empty, too."
        : untilProblem({ from: undefined, until }, now),
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
