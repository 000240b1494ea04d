/** What a budget check costs when there are many budgets. */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { readConfig } from "../../src/app/config.ts";
import { type Program, startProgram } from "../../src/app/program.ts";
import { emailFrom } from "../../src/domain/email.ts";
import { usdFromDecimal } from "../../src/domain/money.ts";
import { instant, timeZone } from "../../src/domain/time.ts";
import { ensureSpendDimensions } from "../../src/features/allocation/index.ts";
import {
  checkDueBudgets,
  enqueueBudgetChecks,
  replaceGovernedBudgets,
} from "../../src/features/budgets/index.ts";
import { replaceOrganization } from "../../src/features/organization/index.ts";
import { inTransaction } from "../../src/store/database.ts";
import { aWebhookSecret } from "../support/usage-builders.ts";
import { median, printFigure } from "./figure.ts";

export const BUDGETS = 10_000;
const FEW_BUDGETS = 100;
const TOUCHED = 50;
const ROUNDS = 9;
/** Teams whose budgets the benchmark of alerts takes over their limit. */
export const CROSSINGS = 60;

export async function benchBudgetChecks(): Promise<void> {
  const costs = new Map<number, number>();
  for (const count of [FEW_BUDGETS, BUDGETS]) {
    // oxlint-disable-next-line no-await-in-loop -- they must not disturb each other
    await withProgram({ ROLES: "ingest" }, async ({ database }) => {
      await governTeams(database, count);
      costs.set(count, await checkCost(database));
    });
  }
  printFigure({
    name: "budgets.check",
    value: costs.get(BUDGETS) ?? Number.NaN,
    unit: `microseconds per touched budget, of ${String(BUDGETS)}`,
    baseline: `the same of ${String(FEW_BUDGETS)} budgets`,
    baseline_value: costs.get(FEW_BUDGETS) ?? Number.NaN,
  });
}

/** Spend for as many teams as `TOUCHED`, then one round of checks: microseconds for each of them. */
async function checkCost(database: Program["database"]): Promise<number> {
  const now = instant(new Date());
  const dimensions = await ensureSpendDimensions(
    database,
    Array.from({ length: TOUCHED }, (_, index) => ({
      teamKey: `team-${String(index)}`,
      projectKey: undefined,
      userEmail: undefined,
      modelId: "claude-opus-5-5",
      apiKeyId: undefined,
      workspaceId: undefined,
      source: "default",
    })),
  );
  const costs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    // oxlint-disable no-await-in-loop -- one round after the other
    await enqueueBudgetChecks(
      database,
      dimensions.map((spendDimensionId) => ({
        spendDimensionId,
        tags: undefined,
        occurredAt: now,
      })),
    );
    const startedAt = performance.now();
    await checkDueBudgets({ database, clock: () => now });
    costs.push(((performance.now() - startedAt) * 1_000) / TOUCHED);
    // oxlint-enable no-await-in-loop
  }
  return median(costs);
}

/** Teams below it are those that the load is for. */
export const FIRST_CROSSING = 100;

/** Teams with a channel and a budget each; `count` budgets in all. */
export async function governTeams(database: Program["database"], count: number): Promise<void> {
  const zone = timeZone("UTC");
  const calendar = { timeZone: zone, weekStartsOn: "monday" } as const;
  await inTransaction(database, async (sql) => {
    await replaceOrganization(sql, {
      organization: {
        ...calendar,
        name: "Acme",
        finopsChannel: "#finops",
        admins: [emailFrom("dana@acme.test")],
      },
      teams: Array.from({ length: FIRST_CROSSING + CROSSINGS }, (_, index) => ({
        key: `team-${String(index)}`,
        name: `Team ${String(index)}`,
        channel: `#team-${String(index)}`,
        owners: [],
        members: [],
        projects: [],
      })),
    });
    await replaceGovernedBudgets(
      sql,
      Array.from({ length: count }, (_, index) => ({
        ...calendar,
        key: `budget-${String(index)}`,
        scope: { kind: "team", key: `team-${String(index)}` } as const,
        limit: usdFromDecimal(
          index >= FIRST_CROSSING && index < FIRST_CROSSING + CROSSINGS ? "10" : "1000000",
        ),
        period: "monthly" as const,
        fiscalMonthStartsOn: 1,
        fiscalYearStartsIn: 1,
        thresholdPercents: [50, 80, 100],
        forecastThresholdPercents: [],
      })),
      instant(new Date()),
    );
  });
}

/** The whole program on a database of its own. */
export async function withProgram(
  settings: Readonly<Record<string, string>>,
  run: (program: Program) => Promise<void>,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "claude-spend-bench-"));
  await chmod(directory, 0o777); // Postgres may be another user.
  const config = readConfig({
    PORT: "0",
    HOST: "127.0.0.1",
    DATA_DIR: join(directory, "data"),
    INGEST_SECRET: aWebhookSecret(),
    LOG_LEVEL: "error",
    ...settings,
  });
  if (config.kind === "problems") throw new Error(config.problems.join("\n"));
  const program = await startProgram({ config: config.config, log: pino({ level: "error" }) });
  try {
    await run(program);
  } finally {
    await program.stop();
    await rm(directory, { recursive: true, force: true });
  }
}
