/** Says what was reached: the facts and their messages, in the transaction that found them. */
import { type AlertFact, NO_DRIVER } from "../../../domain/alert.ts";
import type { Scope } from "../../../domain/scope.ts";
import type { Instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import { together } from "../../../store/together.ts";
import { raiseAlerts, scopeName } from "../../alerts/index.ts";
import { listServiceAccounts, listTeams, loadOrganization } from "../../organization/index.ts";
import { loadBasis } from "../../reconciliation/index.ts";
import { thresholdContent, thresholdSeverity } from "../messages/alert.ts";
import type { NamedDriver } from "../messages/wording.ts";
import { budgetThreadKey, thresholdFactKey } from "../rules/alert-keys.ts";
import type { BudgetAlert } from "../rules/evaluate.ts";
import { type Directory, DRIVER_KIND, type DriverKind, isOwn } from "../rules/recipients.ts";
import { type Budget, memberScope } from "../rules.ts";
import { listForecasts } from "../store/forecasts.ts";
import { type Driver, listTopDrivers } from "../store/spend.ts";

/** More names than this are a report, not an alert. */
const DRIVERS_MAX = 3;

export async function loadDirectory(sql: Sql, of?: Scope): Promise<Directory> {
  const [organization, teams] = await together([
    loadOrganization({ database: sql }),
    listTeams({ database: sql }, of),
  ]);
  const { name, finopsChannel, admins } = organization;
  return {
    organizationName: name,
    teams,
    admins,
    serviceAccounts: (await listServiceAccounts(sql)).map(({ address }) => address),
    ...(finopsChannel === undefined ? {} : { finopsChannel }),
  };
}

/** Raises an alert for each threshold that was reached; how many were announced. */
export async function raiseReached(
  sql: Sql,
  {
    budget,
    alerts,
    loadedDirectory = async () => await loadDirectory(sql),
  }: {
    readonly budget: Budget;
    readonly alerts: readonly BudgetAlert[];
    /** One for all budgets of a run. */
    readonly loadedDirectory?: (() => Promise<Directory>) | undefined;
  },
  now: Instant,
): Promise<number> {
  if (alerts.length === 0) return 0;
  const directory = await loadedDirectory();
  const forecasts = await loadToldForecasts(sql, budget, alerts);
  const facts: AlertFact[] = [];
  for (const alert of alerts) {
    const scope = memberScope(budget.coverage, alert.memberKey);
    const by = DRIVER_KIND[scope.kind];
    const { period, limit, spend, memberKey, thresholdPercent, silentBecause } = alert;
    // What is not announced needs no reasons.
    const of = { scope, by, driversMax: silentBecause === undefined ? DRIVERS_MAX : 0 };
    // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
    const drivers = of.driversMax === 0 ? [] : await listTopDrivers(sql, of, period);
    const isTold = silentBecause === undefined;
    // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
    const basis = isTold ? await loadBasis(sql, { scope, period }, now) : undefined;
    const name = scopeName(scope, directory);
    const shown = {
      budget,
      alert,
      scope,
      isOwn: isOwn(scope, directory),
      name,
      drivers: namedDrivers(drivers, by, directory),
      forecast: isTold ? forecasts.get(memberKey) : undefined,
      ...(basis === undefined ? {} : { basis }),
      now,
    };
    facts.push({
      kind: "threshold",
      factKey: thresholdFactKey(budget, alert),
      threadKey: budgetThreadKey(budget, { memberKey, period }),
      scope,
      severity: thresholdSeverity(alert),
      period,
      budget: { budgetId: budget.budgetId, memberKey, thresholdPercent, limit, spend },
      content: thresholdContent(shown),
      ...(silentBecause === undefined ? {} : { silentBecause }),
    });
  }
  const results = await raiseAlerts(sql, { clock: () => now }, facts);
  return results.filter(({ kind }) => kind === "announced").length;
}

/** By member; one query for all that people are told, who share the budget's current period. */
async function loadToldForecasts(
  sql: Sql,
  budget: Budget,
  alerts: readonly BudgetAlert[],
): ReturnType<typeof listForecasts> {
  const told = alerts.filter(({ silentBecause }) => silentBecause === undefined);
  const [first] = told;
  if (first === undefined) return new Map();
  const memberKeys = told.map(({ memberKey }) => memberKey);
  return await listForecasts(sql, budget, { periodStart: first.period.start, memberKeys });
}

/** Spend that belongs to nobody of that kind is named too: it may be the largest part. */
export function namedDrivers(
  drivers: readonly Driver[],
  kind: DriverKind,
  directory: Directory,
): NamedDriver[] {
  return drivers.map(({ key, cost }) => {
    if (key === undefined) return { kind, name: NO_DRIVER[kind], cost };
    return { kind, name: kind === "team" ? scopeName({ kind, key }, directory) : key, cost };
  });
}
