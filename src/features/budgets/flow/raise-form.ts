/** What the raise modal offers: the budgets that a person may see, the likeliest one chosen. */
import type { Email } from "../../../domain/email.ts";
import { addMs, type Clock, type Instant, localDate } from "../../../domain/time.ts";
import { parseUntil } from "../../../domain/until.ts";
import type { Database, Sql } from "../../../store/database.ts";
import { type RaiseForm, type RaiseProblem, refusalNote } from "../messages/raise.ts";
import type { NamedStatus } from "../messages/wording.ts";
import { type BudgetStatus, formatBudgetRef } from "../rules.ts";
import { findRaisable, type RaiseTarget } from "./request-raise.ts";
import { type Asking, loadAsking } from "./scopes.ts";
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
  /** As typed; empty: not yet. */
  readonly amount: string;
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
  { email, target, untilText, amount, reason }: RaiseFormQuery,
): Promise<RaiseFormResult> {
  const now = clock();
  const asking = await loadAsking(database, email, now);
  const mayAskForOthers = asking.person.isAdmin || asking.person.ownedTeams.length > 0;
  const theirs = (await loadBudgetStatus(database, { person: asking.person, now })).map(
    named(asking.nameOf),
  );
  const typed = { mayAskForOthers, amount, reason };
  const anyOf = (note?: string): RaiseFormResult =>
    theirs.length === 0
      ? { kind: "none" }
      : {
          kind: "form",
          form: { ...typed, statuses: theirs, selected: undefined, untilDate: undefined, note },
        };
  if (target === undefined) return anyOf();
  const found = await findNearest(database, { target, asking }, now);
  if (found.kind === "unknown-scope" || found.kind === "not-allowed") {
    const any = anyOf(refusalNote(found));
    return any.kind === "form" ? any : found;
  }
  if (found.kind !== "found") return found;
  const { status } = found.named;
  const statuses = uniqueBudgets([found.named, ...found.others, ...theirs]);
  const untilDate = lastDay(untilText, status, now);
  const { note } = found;
  return { kind: "form", form: { ...typed, statuses, selected: status, untilDate, note } };
}

/** What was named; else the budget of the nearest name, if there is one, with a word about it. */
async function findNearest(
  sql: Sql,
  of: { readonly target: RaiseTarget; readonly asking: Asking },
  now: Instant,
): Promise<Awaited<ReturnType<typeof findRaisable>> & { readonly note?: string }> {
  const { target, asking } = of;
  const found = await findRaisable(sql, target, asking, now);
  if (found.kind !== "unknown-scope") return found;
  const [nearest] = found.nearest;
  if (nearest === undefined) return found;
  const readings = [{ scopeText: nearest.typed, periodKind: undefined, unexpected: "" }];
  const near = await findRaisable(sql, { readings }, asking, now);
  return near.kind === "found" ? { ...near, note: refusalNote(found) } : found;
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
