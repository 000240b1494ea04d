/** Usage, prices, months and statements for tests of chargeback; a test names what it is about. */
import { pino } from "pino";
import { type Usd, usd } from "../../src/domain/money.ts";
import { monthFrom } from "../../src/domain/month.ts";
import { ORG_SCOPE } from "../../src/domain/scope.ts";
import { type Instant, instant, timeZone } from "../../src/domain/time.ts";
import {
  type CloseResult,
  closeMonth,
  loadStatement,
  replaceGovernedCosts,
} from "../../src/features/chargeback/index.ts";
import type { Statement } from "../../src/features/chargeback/rules/statement.ts";
import type {
  Commitment,
  Costs,
  Credit,
  Dimension,
  Line,
  SharedCostRule,
} from "../../src/features/chargeback/rules.ts";
import { createIngestMemory } from "../../src/features/ingest/flow/ingest-memory.ts";
import { advanceRerates, requestRerate } from "../../src/features/ingest/index.ts";
import { replaceOrganization } from "../../src/features/organization/index.ts";
import { recordPrices } from "../../src/features/pricing/index.ts";
import { type Database, inTransaction } from "../../src/store/database.ts";
import { usd as dollars } from "./builders.ts";
import { aTeam } from "./organization-builders.ts";
import { recordEvents } from "./showback-builders.ts";

/** After November is over. */
const NOW = instant("2026-12-10T12:00:00Z");
export const clock = (): Instant => NOW;

/** Acme in one zone: search (checkout, ranking), ads, platform (ci). */
export async function chargebackOrganization(
  database: Database,
  zone = "Europe/Berlin",
): Promise<void> {
  await inTransaction(database, async (sql) => {
    await replaceOrganization(sql, {
      organization: {
        name: "Acme",
        timeZone: timeZone(zone),
        weekStartsOn: "monday",
        admins: [],
      },
      teams: [
        aTeam({ costCenter: "CC-100", projects: ["checkout", "ranking"] }),
        aTeam({ key: "ads", name: "Ads", costCenter: "CC-200" }),
        aTeam({ key: "platform", name: "Platform", projects: ["ci"] }),
      ],
    });
  });
}

/** 1,000 output tokens of a model without a price: 2.5 cents by the assumption. */
export function used(
  eventId: string,
  day: string,
  over: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    event_id: eventId,
    occurred_at: day.length === 10 ? `${day}T10:07:00Z` : day,
    model: "claude-opus-6",
    usage: { input_tokens: 0, output_tokens: 1_000 },
    team: "search",
    ...over,
  };
}

export async function record(database: Database, events: readonly object[]): Promise<void> {
  await recordEvents(database, events, { at: NOW.toISOString() });
}

/** Prices the model, and re-rates everything. */
export async function reprice(database: Database, outputPerMillion: string): Promise<void> {
  const deps = {
    database,
    clock,
    log: pino({ level: "silent" }),
    ingestMemory: createIngestMemory(),
  };
  const rates = {
    uncached_input: "1",
    cache_write_5m: "2",
    cache_write_1h: "3",
    cache_read: "0.1",
    output: outputPerMillion,
  };
  await recordPrices(deps, {
    proposals: [
      {
        modelId: "claude-opus-6",
        aliases: [],
        residencyPremium: "none",
        from: "2026-01-01",
        terms: { tiers: [{ abovePromptTokens: 0, rates }] },
        source: "test",
      },
    ],
    isConfirmed: true,
    actor: "dana",
  });
  await inTransaction(database, async (sql) => {
    await requestRerate(sql, deps, {
      range: {
        period: { start: instant("2026-08-01T00:00:00Z"), end: instant("2027-01-01T00:00:00Z") },
        onlyEstimated: false,
        includesAllocation: false,
      },
      requestedBy: "dana",
    });
  });
  await advanceRerates(deps);
}

export async function govern(
  database: Database,
  over: {
    readonly sharedCosts?: readonly SharedCostRule[];
    readonly commitments?: readonly Commitment[];
    readonly credits?: readonly Credit[];
  } = {},
): Promise<void> {
  await inTransaction(database, async (sql) => {
    await replaceGovernedCosts(sql, { sharedCosts: [], commitments: [], credits: [], ...over });
  });
}

export async function close(database: Database, month: string): Promise<CloseResult> {
  return await closeMonth({ database, clock }, { month: monthFrom(month), actor: "dana" });
}

export async function statement(database: Database, month: string): Promise<Statement> {
  return await loadStatement({ database, clock }, monthFrom(month));
}

/** Everything that a test of chargeback may have written. */
export async function forgetMonths(database: Database): Promise<void> {
  await database.query(
    `truncate usage_identities, usage_events, charges, spend_rollups, spend_days, budget_checks, rejected_events,
              prices, rerates, spend_dimensions, closed_months, statement_lines, statement_teams,
              shared_cost_rules, commitments, credits, business_metrics`,
  );
}

export function aCommitment(over: Partial<Commitment> = {}): Commitment {
  return {
    key: "prepaid",
    name: "Prepaid",
    scope: ORG_SCOPE,
    amount: dollars(1),
    firstMonth: monthFrom("2026-10"),
    lastMonth: monthFrom("2026-11"),
    ...over,
  };
}

export function aCredit(over: Partial<Credit> = {}): Credit {
  return {
    key: "welcome",
    description: "Welcome",
    scope: ORG_SCOPE,
    amount: dollars(0.5),
    month: monthFrom("2026-10"),
    ...over,
  };
}

export function aDimension(over: Partial<Dimension> = {}): Dimension {
  return {
    spendDimensionId: 1,
    teamKey: "search",
    projectKey: undefined,
    apiKeyId: undefined,
    workspaceId: undefined,
    modelId: "claude-opus-6",
    ...over,
  };
}

/** A line of usage; all four costs are the same amount. */
export function aLine(pico: bigint, over: Partial<Line> = {}): Line {
  const dimension = over.dimension ?? aDimension();
  return {
    originMonth: monthFrom("2026-10"),
    kind: "usage",
    reference: "",
    dimension,
    teamKey: dimension.teamKey,
    projectKey: dimension.projectKey,
    costs: sameCosts(usd(pico)),
    ...over,
  };
}

function sameCosts(amount: Usd): Costs {
  return { list: amount, contracted: amount, billed: amount, effective: amount };
}
