/**
 * How long the digests of 200 teams take that are due at the same time: each a message with sums, a
 * chart, budgets and news, out of the sums that 5,000 people leave behind. The baseline is one digest
 * at a time, as if each team were alone. And the memory of the whole bot, in a process of its own, that
 * makes and sends them. BENCH_EVENTS says how many events the history has (two million unless told; ten
 * for the promise).
 */
import { setTimeout as sleep } from "node:timers/promises";
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
import { aWebhookSecret } from "../support/usage-builders.ts";
import { startCountingSlack } from "./counting-slack.ts";
import { printFigure } from "./figure.ts";
import {
  type BenchDatabase,
  createBenchLog,
  forkProgram,
  startBenchDatabase,
} from "./processes.ts";
import { fillSpend } from "./spend.ts";

const TEAMS = 200;
/** Of the baseline: enough to tell, few enough to wait for. */
const ALONE = 20;
const EVENTS_DEFAULT = 2_000_000;
/** Of an hour, in which each of 5,000 people used each of two models on each of 90 days. */
const EVENTS_A_QUARTER = 900_000;
const GOVERNED_AT = instant("2026-11-01T00:00:00Z");

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
        value: all,
        unit: "ms",
        baseline: `one at a time, times ${String(TEAMS)}`,
        baseline_value: (alone * TEAMS) / ALONE,
      });
    }
    printFigure({
      name: `digests.memory (the whole bot, ${String(TEAMS)} teams at once)`,
      value: await peakOfBot(database, SMALL_HEAP),
      unit: `MiB, most that was resident, with ${SMALL_HEAP.join(" ")}`,
      baseline: "the same with Node's own limits, which leave garbage where there is room",
      baseline_value: await peakOfBot(database, []),
    });
  } finally {
    await database.stop();
  }
}

/** A bot as operators run it; its own clockwork finds the digests within a minute, and sends them. */
async function peakOfBot(
  database: BenchDatabase,
  nodeArguments: readonly string[],
): Promise<number> {
  await dueDigests(database, "month", { teams: TEAMS, at: "together" });
  await database.pool.query(`update digests set next_run_at = next_run_at + interval '1 day'`);
  const slack = await startCountingSlack();
  const settings = {
    ROLES: "ingest,slack,worker",
    SLACK_BOT_TOKEN: "xoxb-bench",
    SLACK_SIGNING_SECRET: "bench-signing-secret",
    SLACK_API_URL: slack.apiUrl,
  };
  const bot = await forkProgram(database, aWebhookSecret(), settings, nodeArguments);
  try {
    await database.pool.query(`update digests set next_run_at = next_run_at - interval '1 day'`);
    await untilSent(database, TEAMS);
    return (await bot.resources()).peakMib;
  } finally {
    await bot.stop();
    slack.close();
  }
}

async function untilSent({ pool }: BenchDatabase, count: number): Promise<void> {
  const startedAt = performance.now();
  while (performance.now() - startedAt < SENT_WITHIN_MS) {
    // oxlint-disable-next-line no-await-in-loop -- looks again after a pause
    const { rows } = await pool.query<{ readonly sent: string }>(
      `select count(*)::text as sent from outbox_messages m where m.sent_at is not null`,
    );
    if (rows[0]?.sent === String(count)) return;
    // oxlint-disable-next-line no-await-in-loop -- as above
    await sleep(POLL_MS);
  }
  throw new Error(`not all of ${String(count)} digests were sent`);
}

/** What docs/operations.md names for a small machine. */
const SMALL_HEAP = ["--max-old-space-size=110", "--max-semi-space-size=4"];
/** A minute until the clockwork looks, and another for sending. */
const SENT_WITHIN_MS = 150_000;
const POLL_MS = 250;

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

/** With the time limits of the program: a query that takes too long fails here as well. */
async function measure(
  database: BenchDatabase,
  every: DigestRule["every"],
  of: Together,
): Promise<number> {
  await dueDigests(database, every, of);
  const limited = openDatabase({ connectionString: database.connectionString });
  const now = instant(new Date());
  const startedAt = performance.now();
  const sent = await sendDueDigests({ database: limited, clock: () => now, log: createBenchLog() });
  const ms = performance.now() - startedAt;
  await limited.end();
  const { rows } = await database.pool.query<{ count: string }>(
    `select count(*)::text as count from outbox_messages`,
  );
  if (sent !== of.teams || rows[0]?.count !== String(of.teams)) {
    throw new Error(
      `expected ${String(of.teams)} digests, got ${String(sent)} and ${rows[0]?.count ?? ""}`,
    );
  }
  return ms;
}

interface Together {
  readonly teams: number;
  readonly at: "one" | "together";
}

/** All of them for half an hour, or a minute apart from each other. */
async function dueDigests(
  { pool }: BenchDatabase,
  every: DigestRule["every"],
  { teams, at }: Together,
): Promise<void> {
  await pool.query(`truncate digests, digest_rules, outbox_messages`);
  const rules = Array.from({ length: teams }, (_, index) => aRule(every, index, at));
  await replaceGovernedDigests(pool, rules, GOVERNED_AT);
  await pool.query(
    `update digests set next_run_at = date_trunc('minute', now()) - interval '30 minutes'
                                      + right(at_local_time, 2)::integer * interval '1 minute'`,
  );
}

/** Alone means a minute of its own: nothing is shared with another digest. */
function aRule(every: DigestRule["every"], index: number, at: Together["at"]): DigestRule {
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
