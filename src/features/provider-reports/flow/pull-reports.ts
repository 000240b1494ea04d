/**
 * Reads every report that is due, one after the other. A report that fails does not keep the others
 * from being read; what went wrong, and whether a person must act, stays with it.
 */
import { type AdminAccess } from "../../../anthropic/access.ts";
import { type AdminReader, REQUESTS_PER_MINUTE } from "../../../anthropic/read.ts";
import { AppError } from "../../../domain/errors.ts";
import { addMs, type Instant } from "../../../domain/time.ts";
import { organizationGuard } from "../../../store/anthropic-organization.ts";
import { blockRequests, takeRequest } from "../../../store/request-budget.ts";
import {
  ceilTo,
  firstStart,
  later,
  type Metering,
  nextAttempt,
  type OrganizationKind,
  planReports,
  type Report,
  type ReportPlan,
  USAGE_PLANS,
} from "../rules.ts";
import {
  claimPull,
  finishPull,
  insertPull,
  listPulls,
  releaseLease,
  skipTo,
} from "../store/pulls.ts";
import {
  type AskedWindow,
  LEASE_MS,
  type PullCounts,
  type PullDeps,
  pullReport,
} from "./pull-report.ts";
import { windowReader } from "./read-window.ts";

const BUDGET = "anthropic-admin";

export interface PullSettings {
  readonly access: AdminAccess;
  readonly kind: OrganizationKind;
  readonly metering: Metering;
}

export interface PullReportsDeps extends PullDeps {
  readonly settings: PullSettings;
  /** Rejects when the program stops. */
  readonly wait: (ms: number) => Promise<void>;
  readonly signal: AbortSignal;
  readonly onPulled?: ((report: Report, outcome: "ok" | "failed") => void) | undefined;
}

export type ReportOutcome =
  | ({ readonly kind: "pulled"; readonly report: Report } & PullCounts)
  /** Not due yet, or another replica is at it. */
  | { readonly kind: "skipped"; readonly report: Report }
  | {
      readonly kind: "failed";
      readonly report: Report;
      readonly error: string;
      readonly needsOperator: boolean;
    };

/** `asked`: read now, and this window; else what is due. */
export async function pullReports(
  deps: PullReportsDeps,
  asked?: AskedWindow,
): Promise<readonly ReportOutcome[]> {
  const plans = planReports(deps.settings);
  await beginReports(deps, plans);
  const outcomes: ReportOutcome[] = [];
  for (const plan of plans) {
    if (deps.signal.aborted) break;
    // oxlint-disable-next-line no-await-in-loop -- they share one budget of requests
    outcomes.push(await pullOne(deps, plan, asked));
  }
  return outcomes;
}

/**
 * A report begins where it should. Of those that may count as usage one does, and what it has
 * counted no other counts again: all of them move on together, and to the present while none counts.
 */
async function beginReports(
  { database, clock }: PullReportsDeps,
  plans: readonly ReportPlan[],
): Promise<void> {
  const now = clock();
  const countedUntil = (await listPulls(database))
    .filter(({ report }) => USAGE_PLANS.some((usage) => usage.report === report))
    .reduce<Instant | undefined>(
      (latest, { completeUntil }) => later(latest ?? completeUntil, completeUntil),
      undefined,
    );
  for (const plan of plans) {
    const { report } = plan;
    // oxlint-disable-next-line no-await-in-loop -- two or three, at the start
    await insertPull(database, { report, startsAt: firstStart(plan, { now, countedUntil }), now });
  }
  const passedUntil = plans.some(({ isMetered }) => isMetered) ? countedUntil : now;
  if (passedUntil === undefined) return;
  for (const { report, bucketMs } of USAGE_PLANS) {
    // oxlint-disable-next-line no-await-in-loop -- three, at the start
    await skipTo(database, report, ceilTo(passedUntil, bucketMs));
  }
}

async function pullOne(
  deps: PullReportsDeps,
  plan: ReportPlan,
  asked: AskedWindow | undefined,
): Promise<ReportOutcome> {
  const { database, clock, holder, log } = deps;
  const { report } = plan;
  const now = clock();
  const lease = { report, holder, now, until: addMs(now, LEASE_MS) };
  const pull = await claimPull(database, { ...lease, isAsked: asked !== undefined });
  if (pull === undefined) return { kind: "skipped", report };
  try {
    const reader = windowReader(plan, adminReader(deps, report));
    const counts = await pullReport(deps, { plan, pull, reader, asked });
    const done = { failures: 0, needsOperator: false };
    await finishPull(database, lease, {
      ...done,
      now: clock(),
      nextAttemptAt: nextAttempt(clock(), done),
      error: undefined,
    });
    log.info({ work: "pull", outcome: "ok", report, ...summary(counts) }, "report pulled");
    deps.onPulled?.(report, "ok");
    return { kind: "pulled", report, ...counts };
  } catch (error) {
    if (deps.signal.aborted) {
      await releaseLease(database, lease);
      return { kind: "skipped", report };
    }
    return await recordFailure(deps, { plan, error, failuresBefore: pull.failures });
  }
}

async function recordFailure(
  { database, clock, holder, log, onPulled }: PullReportsDeps,
  failure: {
    readonly plan: ReportPlan;
    readonly error: unknown;
    readonly failuresBefore: number;
  },
): Promise<ReportOutcome> {
  const { plan, error } = failure;
  const { report } = plan;
  onPulled?.(report, "failed");
  const needsOperator = error instanceof AppError && !error.retryable;
  const failures = failure.failuresBefore + 1;
  const now = clock();
  const message = error instanceof AppError ? error.message : String(error);
  await finishPull(
    database,
    { report, holder },
    {
      now,
      nextAttemptAt: nextAttempt(now, { failures, needsOperator }),
      failures,
      error: message,
      needsOperator,
    },
  );
  const level = needsOperator || !(error instanceof AppError) ? "error" : "warn";
  log[level](
    { err: error, work: "pull", outcome: "failed", report, failures },
    "report not pulled",
  );
  return { kind: "failed", report, error: message, needsOperator };
}

function summary({ chunks, revisions, events, completeUntil }: PullCounts): object {
  return { chunks, revisions, events, complete_until: completeUntil.toISOString() };
}

/** A reader that shares the budget of requests with everybody, and stops with the program. */
function adminReader(deps: PullReportsDeps, report: Report): AdminReader {
  const { database, clock, settings, wait, signal } = deps;
  return {
    access: settings.access,
    requireOrganization: organizationGuard(database, clock),
    signal,
    wait,
    takeTurn: async () => {
      for (;;) {
        signal.throwIfAborted();
        // oxlint-disable-next-line no-await-in-loop -- asks again until it is our turn
        const turn = await takeRequest(database, {
          budget: BUDGET,
          perMinute: REQUESTS_PER_MINUTE,
          now: clock(),
        });
        if (turn.kind === "taken") return;
        deps.log.debug({ report, wait_ms: turn.ms }, "waiting for a turn");
        // oxlint-disable-next-line no-await-in-loop -- see above
        await wait(turn.ms);
      }
    },
    holdBack: async (ms) => {
      await blockRequests(database, { budget: BUDGET, until: addMs(clock(), ms) });
    },
  };
}
