/** Says where a budget is heading, and that its period began: facts, in the caller's transaction. */
import type { AlertFact, AlertKind, AlertSeverity } from "../../../domain/alert.ts";
import { multiplyUsd, usd } from "../../../domain/money.ts";
import type { Instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import { raiseAlerts, scopeName } from "../../alerts/index.ts";
import { loadBasis } from "../../reconciliation/index.ts";
import {
  forecastContent,
  forecastRecoveredContent,
  paceContent,
  paceRecoveredContent,
  resetContent,
  type ShownOutlook,
} from "../messages/outlook.ts";
import { budgetThreadKey, outlookFactKey, resetFactKey } from "../rules/alert-keys.ts";
import type { Outlook } from "../rules/outlook.ts";
import {
  decideForecast,
  hasForecastRecovered,
  hasPaceRecovered,
  isAheadOfPlan,
} from "../rules/outlook-news.ts";
import { isOwn } from "../rules/recipients.ts";
import { type Budget, memberScope } from "../rules.ts";
import { listSaid } from "../store/alerts.ts";
import { listSightings, replaceSightings } from "../store/watches.ts";
import { loadDirectory } from "./announce.ts";
import type { Standing } from "./standings.ts";

interface Looked {
  readonly budget: Budget;
  readonly standings: readonly Standing[];
  readonly outlooks: ReadonlyMap<string, Outlook>;
}

/** Raises what the forecast and the pace of each member make news; a budget without such costs nothing. */
export async function raiseOutlookNews(sql: Sql, looked: Looked, now: Instant): Promise<void> {
  const { budget, standings, outlooks } = looked;
  if (budget.forecastThresholdPercents.length === 0 && budget.paceDays === undefined) return;
  const nameOf = await loadNames(sql, budget);
  const memberKeys = standings.map(({ memberKey }) => memberKey);
  const threadKeys = standings.map((standing) => budgetThreadKey(budget, standing));
  const said = await listSaid(sql, threadKeys);
  const sightings = await listSightings(sql, budget.budgetId, memberKeys);
  const facts: AlertFact[] = [];
  for (const standing of standings) {
    const outlook = outlooks.get(standing.memberKey);
    if (outlook === undefined) continue;
    const threadKey = budgetThreadKey(budget, standing);
    const member: Member = {
      budget,
      standing,
      outlook,
      threadKey,
      said: said.get(threadKey) ?? new Map(),
      shown: { ...outlook, budget, ...nameOf(standing.memberKey), now },
      now,
    };
    const forecast = forecastFacts(member, sightings);
    facts.push(...forecast.facts, ...paceFacts(member));
    const ref = { budgetId: budget.budgetId, memberKey: standing.memberKey };
    // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
    await replaceSightings(sql, ref, forecast.sighted);
  }
  for (const [index, fact] of facts.entries()) {
    if (fact.silentBecause !== undefined || fact.period === undefined) continue;
    // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
    const basis = await loadBasis(sql, { scope: fact.scope, period: fact.period }, now);
    facts[index] = { ...fact, content: { ...fact.content, basis } };
  }
  await raiseAlerts(sql, { clock: () => now }, facts);
}

/** Tells that a period began, where people want to know. */
export async function raiseResets(
  sql: Sql,
  { budget, standings }: Pick<Looked, "budget" | "standings">,
  now: Instant,
): Promise<void> {
  if (!budget.notifyReset || standings.length === 0) return;
  const nameOf = await loadNames(sql, budget);
  await raiseAlerts(
    sql,
    { clock: () => now },
    standings.map((standing) => {
      const threadKey = budgetThreadKey(budget, standing);
      const shown = { ...standing, budget, ...nameOf(standing.memberKey), now };
      return {
        ...factOf({ budget, standing, threadKey }, "reset"),
        factKey: resetFactKey(threadKey),
        content: resetContent(shown),
      };
    }),
  );
}

interface Member {
  readonly budget: Budget;
  readonly standing: Standing;
  readonly outlook: Outlook;
  readonly threadKey: string;
  readonly said: ReadonlyMap<string, boolean>;
  readonly shown: ShownOutlook;
  readonly now: Instant;
}

function forecastFacts(
  member: Member,
  sightings: ReadonlyMap<string, Instant>,
): { readonly facts: readonly AlertFact[]; readonly sighted: ReadonlyMap<string, Instant> } {
  const { budget, standing, outlook, threadKey, said, shown, now } = member;
  const { forecast } = outlook;
  // Without a forecast nothing is known: what was seen may still hold.
  if (forecast === undefined) return { facts: [], sighted: sightings };
  const { limit, spend, decided } = standing;
  const keyOf = (percent: number): string =>
    outlookFactKey(threadKey, { what: "forecast", value: percent, decided });
  const news = decideForecast(
    { periodKind: budget.periodKind, now, limit, spend, known: new Set(said.keys()), sightings },
    budget.forecastThresholdPercents,
    { forecast, keyOf },
  );
  const factFor = (percent: number): AlertFact => ({
    ...factOf(member, "forecast", percent),
    factKey: keyOf(percent),
    excess: usd(
      forecast.expected - multiplyUsd(limit, { numerator: BigInt(percent), denominator: 100n }),
    ),
    content: forecastContent({ ...shown, forecast, thresholdPercent: percent }),
  });
  const announcedPercent = budget.forecastThresholdPercents.findLast(
    (percent) => said.get(keyOf(percent)) === true,
  );
  const hasRecovered =
    announcedPercent !== undefined && hasForecastRecovered(forecast, { limit, announcedPercent });
  return {
    sighted: news.sighted,
    facts: [
      ...(news.announced === undefined ? [] : [factFor(news.announced)]),
      ...news.silent.map((percent) => ({ ...factFor(percent), silentBecause: "higher-threshold" })),
      ...(hasRecovered
        ? [
            {
              ...factOf(member, "recovery"),
              factKey: outlookFactKey(threadKey, {
                what: "recovery:forecast",
                value: announcedPercent,
                decided,
              }),
              content: forecastRecoveredContent({ ...shown, forecast }),
            },
          ]
        : []),
    ],
  };
}

function paceFacts(member: Member): AlertFact[] {
  const { budget, standing, outlook, threadKey, said, shown } = member;
  const { paceDays } = budget;
  const { daysAhead } = outlook;
  if (paceDays === undefined || daysAhead === undefined) return [];
  const { decided } = standing;
  const key = outlookFactKey(threadKey, { what: "pace", value: paceDays, decided });
  const pace = { daysAhead, paceDays };
  if (isAheadOfPlan({ ...standing, known: new Set(said.keys()) }, { ...pace, key })) {
    return [{ ...factOf(member, "pace"), factKey: key, content: paceContent(shown) }];
  }
  if (said.get(key) !== true || !hasPaceRecovered(pace)) return [];
  const factKey = outlookFactKey(threadKey, { what: "recovery:pace", value: paceDays, decided });
  return [{ ...factOf(member, "recovery"), factKey, content: paceRecoveredContent(shown) }];
}

const SEVERITY: Readonly<Partial<Record<AlertKind, AlertSeverity>>> = {
  forecast: "warning",
  pace: "warning",
};

function factOf(
  { budget, standing, threadKey }: Pick<Member, "budget" | "standing" | "threadKey">,
  kind: AlertKind,
  thresholdPercent?: number,
): Omit<AlertFact, "factKey" | "content"> {
  const { memberKey, period, limit, spend } = standing;
  const { budgetId } = budget;
  return {
    kind,
    threadKey,
    scope: memberScope(budget.coverage, memberKey),
    severity: SEVERITY[kind] ?? "info",
    period,
    budget: {
      budgetId,
      memberKey,
      limit,
      spend,
      ...(thresholdPercent === undefined ? {} : { thresholdPercent }),
    },
  };
}

async function loadNames(
  sql: Sql,
  budget: Budget,
): Promise<(memberKey: string) => Pick<ShownOutlook, "scope" | "name" | "memberKey" | "isOwn">> {
  const directory = await loadDirectory(sql);
  return (memberKey) => {
    const scope = memberScope(budget.coverage, memberKey);
    return {
      scope,
      memberKey,
      name: scopeName(scope, directory),
      isOwn: isOwn(scope, directory),
    };
  };
}
