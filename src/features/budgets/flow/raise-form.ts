/** What the raise modal offers: the budgets that a person may see, the likeliest one chosen. */
import type { Email } from "../../../domain/email.ts";
import { addMs, type Clock, type Instant, localDate } from "../../../domain/time.ts";
import type { Database } from "../../../store/database.ts";
import type { RaiseForm, RaiseResult } from "../messages/raise.ts";
import { parseUntil } from "../rules/until.ts";
import type { BudgetStatus } from "../rules.ts";
import { findRaisable, type RaiseTarget } from "./request-raise.ts";
import { loadAsking } from "./scopes.ts";
import { listBudgetStatus, named } from "./status.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
}

export interface RaiseFormQuery {
  readonly email: Email;
  /** Readings of what was asked for, the likelier first; none: any budget. */
  readonly readings: readonly { readonly target: RaiseTarget; readonly reason: string }[];
  readonly untilText: string | undefined;
}

export type RaiseFormResult =
  | { readonly kind: "form"; readonly form: RaiseForm }
  | { readonly kind: "none" }
  | Exclude<RaiseResult, { readonly kind: "requested" | "refused" | "bad-until" }>;

export async function loadRaiseForm(
  { database, clock }: Deps,
  { email, readings, untilText }: RaiseFormQuery,
): Promise<RaiseFormResult> {
  const now = clock();
  const asking = await loadAsking(database, email);
  const theirs = (await listBudgetStatus(database, { person: asking.person, now })).map(
    named(asking.nameOf),
  );
  let problem: Exclude<RaiseFormResult, { kind: "form" | "none" }> | undefined;
  for (const { target, reason } of readings) {
    // oxlint-disable-next-line no-await-in-loop -- a reading counts only when those before did not
    const found = await findRaisable(database, target, asking, now);
    if (found.kind === "found") {
      const { status } = found.named;
      const others = theirs.filter(
        (one) =>
          one.status.budgetId !== status.budgetId || one.status.memberKey !== status.memberKey,
      );
      const untilDate = lastDay(untilText, status, now);
      const statuses = [found.named, ...others];
      return { kind: "form", form: { statuses, selected: status, untilDate, reason } };
    }
    problem ??= found;
  }
  if (problem !== undefined) return problem;
  if (theirs.length === 0) return { kind: "none" };
  return {
    kind: "form",
    form: { statuses: theirs, selected: undefined, untilDate: undefined, reason: "" },
  };
}

/** The day to show in the date picker; none when what was typed is no date: the person picks one. */
function lastDay(
  untilText: string | undefined,
  { timeZone, weekStartsOn }: Pick<BudgetStatus, "timeZone" | "weekStartsOn">,
  now: Instant,
): string | undefined {
  if (untilText === undefined) return undefined;
  const until = parseUntil(untilText, now, { zone: timeZone, weekStartsOn });
  return until.kind === "until" ? localDate(addMs(until.at, -1), timeZone) : undefined;
}
