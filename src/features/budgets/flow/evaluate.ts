/**
 * Looks at one budget now and records what it finds. The caller has locked the budget, so nobody
 * else decides about it meanwhile; facts and messages commit with the caller's transaction.
 */
import type { Instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import { together } from "../../../store/together.ts";
import { resolveThread } from "../../alerts/index.ts";
import { spendRecoveredText } from "../messages/alert.ts";
import { budgetThreadKey } from "../rules/alert-keys.ts";
import {
  type BudgetAlert,
  decideAtLimitChange,
  type Evaluation,
  evaluateBudget,
  highestAnnounced,
} from "../rules/evaluate.ts";
import { hasSpendRecovered } from "../rules/outlook-news.ts";
import type { Directory } from "../rules/recipients.ts";
import { dueAfterSpend } from "../rules/watch.ts";
import { type Budget, currentPeriod } from "../rules.ts";
import { listReachedFacts } from "../store/alerts.ts";
import { bringForwardWatches } from "../store/watches.ts";
import { raiseReached } from "./announce.ts";
import { loadStandings, type Standing } from "./standings.ts";

/** A locked budget, and whose part of it to look at; undefined: everybody's who spent something. */
export interface Target {
  readonly budget: Budget;
  readonly memberKeys: readonly string[] | undefined;
  /** Where many are looked at in one run: asked for with the first that has news. */
  readonly loadedDirectory?: () => Promise<Directory>;
}

/**
 * Raises newly reached thresholds of the current period and says, once, of those that people heard
 * of that spend is clearly back below them. How many thresholds people hear of.
 */
export async function recordReached(sql: Sql, target: Target, now: Instant): Promise<number> {
  const found = await loadEvaluations(sql, target, now);
  const alerts = found.flatMap((one): BudgetAlert[] => {
    const decision = evaluateBudget(one.evaluation);
    if (decision.kind === "quiet") return [];
    return [
      alertOf(one, { thresholdPercent: decision.thresholdPercent, silentBecause: undefined }),
      ...decision.silentPercents.map((thresholdPercent) =>
        alertOf(one, { thresholdPercent, silentBecause: "higher-threshold" }),
      ),
    ];
  });
  const { budget, loadedDirectory } = target;
  const count = await raiseReached(sql, { budget, alerts, loadedDirectory }, now);
  const news = new Set(alerts.map(({ memberKey }) => memberKey));
  const quiet = found.filter(({ standing }) => !news.has(standing.memberKey));
  await resolveRecovered(sql, budget, { found: quiet, now });
  return count;
}

/** Records what is already reached under a limit that has just changed; speaks where it must. */
export async function recordReachedAtLimitChange(
  sql: Sql,
  target: Target,
  now: Instant,
  { isLowered }: { readonly isLowered: boolean } = { isLowered: false },
): Promise<void> {
  const found = await loadEvaluations(sql, target, now);
  const alerts = found.flatMap((one): BudgetAlert[] => {
    const { announced, silent } = decideAtLimitChange(one.evaluation, { isLowered });
    const silentBecause = announced === undefined ? "limit-changed" : "higher-threshold";
    return [
      ...(announced === undefined
        ? []
        : [alertOf(one, { thresholdPercent: announced, silentBecause: undefined })]),
      ...silent.map((thresholdPercent) => alertOf(one, { thresholdPercent, silentBecause })),
    ];
  });
  const { budget } = target;
  await raiseReached(sql, { budget, alerts }, now);
  await resolveRecovered(sql, budget, { found, now });
  // A raise that has just begun ends some time.
  await bringForwardWatches(
    sql,
    found.map(({ budgetId, standing: { memberKey } }) => ({
      budgetId,
      memberKey,
      dueAt: dueAfterSpend(now),
    })),
  );
}

/** A thread that is resolved already, or never spoke, costs a look. */
async function resolveRecovered(
  sql: Sql,
  budget: Budget,
  { found, now }: { readonly found: readonly Found[]; readonly now: Instant },
): Promise<void> {
  for (const { standing, evaluation } of found) {
    const announcedPercent = highestAnnounced(evaluation.reachedFacts);
    if (announcedPercent === undefined) continue;
    if (!hasSpendRecovered({ ...standing, announcedPercent })) continue;
    // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
    await resolveThread(
      sql,
      { clock: () => now },
      { threadKey: budgetThreadKey(budget, standing), because: spendRecoveredText(standing) },
    );
  }
}

interface Found {
  readonly budgetId: string;
  readonly standing: Standing;
  readonly evaluation: Evaluation;
}

async function loadEvaluations(sql: Sql, target: Target, now: Instant): Promise<Found[]> {
  const { budget } = target;
  const { budgetId, coverage, thresholdPercents } = budget;
  const memberKeys = coverage.kind === "one" ? [""] : target.memberKeys;
  const period = currentPeriod(budget, now);
  const [standings, facts] = await together([
    loadStandings(sql, { budget, memberKeys }, now),
    listReachedFacts(sql, { budget, memberKeys, period }),
  ]);
  return standings.map((standing) => ({
    budgetId,
    standing,
    evaluation: {
      thresholdPercents,
      limit: standing.limit,
      decided: standing.decided,
      spend: standing.spend,
      reachedFacts: facts.get(standing.memberKey) ?? [],
    },
  }));
}

function alertOf(
  { budgetId, standing }: Found,
  what: Pick<BudgetAlert, "thresholdPercent" | "silentBecause">,
): BudgetAlert {
  const { memberKey, period, limit, decided, spend } = standing;
  return { budgetId, memberKey, period, limit, decided, spend, ...what };
}
