/** What the raise modal offers: the budgets that a person may see, the likeliest one chosen. */
import type { Email } from "../../../domain/email.ts";
import { addMs, type Clock, type Instant, localDate } from "../../../domain/time.ts";
import { parseUntil } from "../../../domain/until.ts";
import type { Database } from "../../../store/database.ts";
import type { RaiseForm, RaiseProblem } from "../messages/raise.ts";
import type { NamedStatus } from "../messages/wording.ts";
import { type BudgetStatus, formatBudgetRef } from "../rules.ts";
import { findRaisable, type RaiseTarget } from "./request-raise.ts";
import { loadAsking } from "./scopes.ts";
import { loadBudgetStatus, named } from "./status.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
}

export interface RaiseFormQuery {
  readonly email: Email;
  /** Undefined: any budget. */
  readonly target: RaiseTarget | undefined;
  readonly untilText: string | undefined;
  readonly reason: string;
}

export type RaiseFormResult =
  | { readonly kind: "form"; readonly form: RaiseForm }
  | { readonly kind: "none" }
  | Exclude<
      RaiseProblem,
      { readonly kind: "refused" | "bad-until" | "bad-amount" | "not-for-them" }
    >;

export async function loadRaiseForm(
  { database, clock }: Deps,
  { email, target, untilText, reason }: RaiseFormQuery,
): Promise<RaiseFormResult> {
  const now = clock();
  const asking = await loadAsking(database, email);
  const mayAskForOthers = asking.person.isAdmin || asking.person.ownedTeams.length > 0;
  const theirs = (await loadBudgetStatus(database, { person: asking.person, now })).map(
    named(asking.nameOf),
  );
  if (target === undefined) {
    if (theirs.length === 0) return { kind: "none" };
    return {
      kind: "form",
      form: {
        statuses: theirs,
        selected: undefined,
        untilDate: undefined,
        mayAskForOthers,
        reason,
      },
    };
  }
  const found = await findRaisable(database, target, asking, now);
  if (found.kind !== "found") return found;
  const { status } = found.named;
  const statuses = uniqueBudgets([found.named, ...found.others, ...theirs]);
  const untilDate = lastDay(untilText, status, now);
  return { kind: "form", form: { statuses, selected: status, untilDate, mayAskForOthers, reason } };
}

/** Each budget once, where it comes first. */
function uniqueBudgets(statuses: readonly NamedStatus[]): NamedStatus[] {
  const byRef = new Map<string, NamedStatus>();
  for (const one of statuses) {
    const ref = formatBudgetRef(one.status);
    if (!byRef.has(ref)) byRef.set(ref, one);
  }
  return [...byRef.values()];
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
