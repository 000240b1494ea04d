/** What is known of a stretch of days, accepting a difference, and what a figure rests on. */

import type { FigureBasis } from "../../../domain/basis.ts";
import { AppError } from "../../../domain/errors.ts";
import { usdToDecimal } from "../../../domain/money.ts";
import type { Scope } from "../../../domain/scope.ts";
import { addMs, DAY_MS, type Instant, type Period } from "../../../domain/time.ts";
import { recordAudit } from "../../../store/audit.ts";
import { inTransaction, type Sql } from "../../../store/database.ts";
import type { Cause } from "../rules/causes.ts";
import { daysOf, dayText, startOfDay } from "../rules/days.ts";
import {
  type Acceptance,
  type Basis,
  decideBasis,
  isCounted,
  type JudgedDay,
  type Standing,
  standingOf,
} from "../rules.ts";
import { insertAcceptances, listAcceptances } from "../store/acceptances.ts";
import { listJudgedDates, listJudgedDays, lockReconciliation } from "../store/judgements.ts";
import { loadDriftShare } from "../store/settings.ts";
import { announceDrift, type ReconcileDeps } from "./reconcile.ts";

export interface ReconciliationReport {
  /** Whole UTC days. */
  readonly period: Period;
  /** Drift above this many parts of the bill in a million is an alert. */
  readonly share: bigint;
  readonly days: readonly { readonly day: JudgedDay; readonly standing: Standing }[];
  /** Days of the period that are not final, or not covered by what we know. */
  readonly pendingDays: readonly string[];
  readonly standing: Standing;
}

/** What the newest judgements say of the UTC days that lie in a period. Judges nothing. */
export async function loadReconciliation(
  { database }: { readonly database: Sql },
  given: Period,
): Promise<ReconciliationReport> {
  const period = wholeDays(given);
  const days = await listJudgedDays(database, period);
  const acceptances = await listAcceptances(database, period);
  const share = await loadDriftShare(database);
  const judged = new Set(days.map(({ day }) => day));
  return {
    period,
    share,
    days: days.map((day) => ({ day, standing: standingOf([day], acceptances, share) })),
    pendingDays: daysOf(period)
      .map(dayText)
      .filter((day) => !judged.has(day)),
    standing: standingOf(days, acceptances, share),
  };
}

/** From the start of the first UTC day that a period touches to the end of the last one. */
function wholeDays({ start, end }: Period): Period {
  return { start: startOfDay(start), end: addMs(startOfDay(addMs(end, -1)), DAY_MS) };
}

/**
 * Takes the differences of one cause as they are, in the days of a period and, where named, one
 * workspace. Each stays accepted while it amounts to the same. Returns those that were open.
 */
export async function acceptDifferences(
  { database, clock }: ReconcileDeps,
  asked: {
    readonly cause: Cause;
    readonly period: Period;
    /** Undefined: in every workspace. */
    readonly workspaceId: string | undefined;
    readonly reason: string;
    readonly actor: string;
  },
): Promise<readonly Acceptance[]> {
  const { cause, period, workspaceId, actor } = asked;
  const reason = asked.reason.trim();
  if (reason === "") throw new AppError({ code: "invalid", message: "reason: expected some text" });
  return await inTransaction(database, async (sql) => {
    await lockReconciliation(sql);
    const days = await listJudgedDays(sql, wholeDays(period));
    const known = await listAcceptances(sql, wholeDays(period));
    const { totals } = standingOf(days, known, await loadDriftShare(sql));
    const now = clock();
    const accepted = totals
      .filter(isCounted)
      .filter((total) => total.cause === cause)
      .filter((total) => workspaceId === undefined || total.workspaceId === workspaceId)
      .map(
        (total): Acceptance => ({
          day: total.day,
          cause,
          workspaceId: total.workspaceId,
          amount: total.amount,
          reason,
          acceptedBy: actor,
          acceptedAt: now,
        }),
      );
    if (accepted.length === 0) return [];
    await insertAcceptances(sql, accepted);
    for (const { day, workspaceId: where, amount } of accepted) {
      // oxlint-disable-next-line no-await-in-loop -- one connection, one statement at a time
      await recordAudit(sql, {
        occurredAt: now,
        actor,
        action: "reconciliation.difference_accepted",
        subject: `reconciliation:${day}`,
        after: { cause, workspace_id: where ?? null, amount: usdToDecimal(amount), reason },
      });
    }
    await announceDrift(
      sql,
      clock,
      accepted.map(({ day }) => day),
    );
    return accepted;
  });
}

/** As `basisOf`, frozen for a message: an estimate is of `now`. */
export async function loadBasis(
  sql: Sql,
  figure: { readonly scope: Scope; readonly period: Period },
  now: Instant,
): Promise<FigureBasis> {
  // A day that is not over is never judged: of a period that goes on there is nothing to look up.
  const isOver = wholeDays(figure.period).end <= now;
  const { kind, asOf = now } = isOver
    ? await basisOf({ database: sql }, figure)
    : { kind: "estimated" as const };
  return { kind, asOf: asOf.toISOString() };
}

/** What a figure of a scope and period rests on, and up to when Anthropic's bill was complete. */
export async function basisOf(
  { database }: { readonly database: Sql },
  figure: { readonly scope: Scope; readonly period: Period },
): Promise<Basis> {
  const window = wholeDays(figure.period);
  // Of most figures today is a part: they are estimates, whatever the differences are.
  const judged = await listJudgedDates(database, window);
  if (judged.length * DAY_MS < window.end.getTime() - window.start.getTime()) {
    return { kind: "estimated", asOf: undefined };
  }
  return decideBasis(figure, await listJudgedDays(database, window), {
    acceptances: await listAcceptances(database, window),
    share: await loadDriftShare(database),
  });
}
