/**
 * How long the digests of 200 teams take that are due at the same time, and the memory of the process
 * that makes them: each a message with sums, a chart, budgets and news, out of the sums that 5,000
 * people leave behind. The baseline is one digest at a time, as if each team were alone. BENCH_EVENTS
 * says how many events the history has (two million unless told; ten for the promise).
 */
import { setInterval } from "node:timers";
import { emailFrom } from "../../src/domain/email.ts";
import { instant, timeZone } from "../../src/domain/time.ts";
import { replaceGovernedBudgets } from "../../src/features/budgets/index.ts";
import {
  type DigestRule,
  replaceGovernedDigests,
  sendDueDigests,
} from "../../src/features/digests/index.ts";
import { replaceOrganization } from "../../src/features/organization/index.ts";
import { openDatabase } from "../../src/store/database.ts";
import { aGovernedBudget } from "../support/budget-builders.ts";
import { aTeam } from "../support/organization-builders.ts";
import { printFigure } from "./figure.ts";
import { type BenchDatabase, createBenchLog, startBenchDatabase } from "./processes.ts";
import { fillSpend } from "./spend.ts";

const TEAMS = 200;
/** Of the baseline: enough to tell, few enough to wait for. */
const ALONE = 20;
const EVENTS_DEFAULT = 2_000_000;
/** Of an hour, in which each of 5,000 people used each of two models on each of 90 days. */
const EVENTS_A_QUARTER = 900_000;
const GOVERNED_AT = instant("2026-11-01T00:00:00Z");
const MIB = 1024 * 1024;

export async function benchDigests(): Promise<void> {
  const database = await startBenchDatabase();
  try {
    const events = Number(process.env["BENCH_EVENTS"] ?? EVENTS_DEFAULT);
    await fillSpend(database, Math.max(1, Math.round(events / EVENTS_A_QUARTER)));
    await govern(database);
    for (const every of ["day", "week", "month"] as const) {
      // oxlint-disable no-await-in-loop -- one after the other, or they disturb each other
      const alone = await measure(database, every, { teams: ALONE, at: "one" });
      const all = await measure(database, every, { teams: TEAMS, at: "together" });
      // oxlint-enable no-await-in-loop
      printFigure({
        name: `digests.${every} (${String(TEAMS)} teams at once)`,
        value: all.ms,
        unit: "ms",
        baseline: `one at a time, times ${String(TEAMS)}`,
        baseline_value: (alone.ms * TEAMS) / ALONE,
      });
      printFigure({
        name: `digests.${every}.memory_added (${String(TEAMS)} teams at once)`,
        value: all.peakMib - all.beforeMib,
        unit: "MiB, resident",
        baseline: "the whole process before they began",
        baseline_value: all.beforeMib,
      });
    }
  } finally {
    await database.stop();
  }
}

async function govern({ pool }: BenchDatabase): Promise<void> {
  const teams = Array.from({ length: TEAMS }, (_, index) =>
    aTeam({
      key: `team-${String(index)}`,
      name: `Team ${String(index)}`,
      channel: `#team-${String(index)}`,
      projects: [`project-${String(index * 2)}`, `project-${String(index * 2 + 1)}`],
    }),
  );
  await replaceOrganization(pool, {
    organization: {
      name: "Acme",
      timeZone: timeZone("Europe/Berlin"),
      weekStartsOn: "monday",
      admins: [emailFrom("dana@acme.test")],
    },
    teams,
  });
  const budgets = teams.map(({ key }) =>
    aGovernedBudget({ key: `budget-${key}`, scope: `team:${key}` }),
  );
  await replaceGovernedBudgets(pool, budgets, GOVERNED_AT);
}

interface Measured {
  readonly ms: number;
  readonly beforeMib: number;
  readonly peakMib: number;
}

/** With the time limits of the program: a query that takes too long fails here as well. */
async function measure(
  { pool, connectionString }: BenchDatabase,
  every: DigestRule["every"],
  { teams, at }: { readonly teams: number; readonly at: "one" | "together" },
): Promise<Measured> {
  await pool.query(`truncate digests, digest_rules, outbox_messages`);
  const rules = Array.from({ length: teams }, (_, index) => aRule(every, index, at));
  await replaceGovernedDigests(pool, rules, GOVERNED_AT);
  const database = openDatabase({ connectionString });
  const clock = () => instant("2026-11-29T09:30:00Z");
  await pool.query(
    `update digests set next_run_at = '2026-11-29T09:00:00Z'::timestamptz
                                      + right(at_local_time, 2)::integer * interval '1 minute'`,
  );
  const beforeMib = process.memoryUsage.rss() / MIB;
  let peakMib = beforeMib;
  const watching = setInterval(() => {
    peakMib = Math.max(peakMib, process.memoryUsage.rss() / MIB);
  }, 10);
  const startedAt = performance.now();
  const sent = await sendDueDigests({ database, clock, log: createBenchLog() });
  const ms = performance.now() - startedAt;
  clearInterval(watching);
  await database.end();
  const { rows } = await pool.query<{ count: string }>(
    `select count(*)::text as count from outbox_messages`,
  );
  if (sent !== teams || rows[0]?.count !== String(teams)) {
    throw new Error(
      `expected ${String(teams)} digests, got ${String(sent)} and ${rows[0]?.count ?? ""}`,
    );
  }
  return { ms, beforeMib, peakMib };
}

/** Alone means a minute of its own: nothing is shared with another digest. */
function aRule(every: DigestRule["every"], index: number, at: "one" | "together"): DigestRule {
  const minute = at === "one" ? index : 0;
  return {
    ruleKey: `rule-${String(index)}`,
    target: {
      kind: "one",
      scope: { kind: "team", key: `team-${String(index)}` },
      destination: { channel: `#team-${String(index)}` },
    },
    every,
    onWeekday: every === "week" ? "monday" : undefined,
    onDay: every === "month" ? 1 : undefined,
    atLocalTime: `10:${String(minute).padStart(2, "0")}`,
    zone: undefined,
  };
}
