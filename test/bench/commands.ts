/**
 * How long people wait for an answer to `/claude-spend`: signed commands into the whole program,
 * fifty at once, until the answer arrives at the response_url, beside a Slack that only counts.
 * BENCH_EVENTS says how many events the history has (a million unless told; ten for the promise).
 */
import { readdir, readFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { emailFrom } from "../../src/domain/email.ts";
import { instant, timeZone } from "../../src/domain/time.ts";
import { replaceGovernedBudgets } from "../../src/features/budgets/index.ts";
import { replaceOrganization } from "../../src/features/organization/index.ts";
import { signed } from "../slack/recording-slack.ts";
import { aGovernedBudget } from "../support/budget-builders.ts";
import { type CountingSlack, startCountingSlack } from "./counting-slack.ts";
import { median, printFigure } from "./figure.ts";
import { type BenchDatabase, forkProgram, startBenchDatabase } from "./processes.ts";
import { fillSpend } from "./spend.ts";

const ASKING_AT_ONCE = 50;
const ROUNDS = 6;
/** Long enough for the code that every answer runs to be compiled. */
const WARM_UP_ROUNDS = 4;
const EVENTS_DEFAULT = 1_000_000;
const EVENTS_A_QUARTER = 900_000;
const SIGNING_SECRET = "bench-signing-secret";
const TEAMS = 200;
/** As many as `fillSpend` makes, 25 a team; those after them are admins, and use nothing. */
const SPEND_PEOPLE = 5_000;
const ADMINS = 5;
const PEOPLE_A_TEAM = 25;
const ALONE = 12;

interface Question {
  readonly kind: string;
  readonly text: (person: number) => string;
  /** Only who sees everything may ask it. */
  readonly isOfAdmins?: true;
}

/** Of people and owners of teams: mostly about their team, then themselves. */
const OFTEN: readonly Question[] = [
  { kind: "team", text: teamOf },
  { kind: "team 7d", text: (person) => `${teamOf(person)} 7d` },
  { kind: "own", text: () => "" },
  { kind: "top projects team", text: (person) => `top projects ${teamOf(person)}` },
  { kind: "me last month", text: () => "me last month" },
  { kind: "team last-month", text: (person) => `${teamOf(person)} last-month` },
  { kind: "project", text: projectOf },
  { kind: "team today", text: (person) => `${teamOf(person)} today` },
  { kind: "me", text: () => "me" },
];

/** One in ten is about everybody. */
const SELDOM: readonly Question[] = [
  { kind: "org", text: () => "org", isOfAdmins: true },
  { kind: "model", text: () => "model:claude-opus-5-5", isOfAdmins: true },
  { kind: "top users org", text: () => "top users org", isOfAdmins: true },
  { kind: "workspace", text: () => "workspace:wrkspc_1 7d", isOfAdmins: true },
  { kind: "org by user", text: () => "org by user last-month", isOfAdmins: true },
];

/** The question that the nth of those who ask at once has. */
function questionOf(index: number): Question {
  const often = OFTEN[index % (OFTEN.length + 1)];
  const question = often ?? SELDOM[Math.floor(index / (OFTEN.length + 1)) % SELDOM.length];
  if (question === undefined) throw new Error("everybody asks something");
  return question;
}

export async function benchCommands(): Promise<void> {
  const database = await startBenchDatabase();
  const events = Number(process.env["BENCH_EVENTS"] ?? EVENTS_DEFAULT);
  await fillSpend(database, Math.max(1, Math.round(events / EVENTS_A_QUARTER)));
  await organize(database);
  const slack = await startCountingSlack();
  const server = await forkProgram(database, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", {
    ROLES: "slack",
    SLACK_BOT_TOKEN: "xoxb-bench",
    SLACK_SIGNING_SECRET: SIGNING_SECRET,
    SLACK_API_URL: slack.apiUrl,
  });
  const to = { url: new URL("/slack/events", server.url), slack };
  const everybody = Array.from({ length: ASKING_AT_ONCE }, (_, index) => index);
  for (let round = 0; round < WARM_UP_ROUNDS; round += 1) {
    // oxlint-disable-next-line no-await-in-loop -- as the rounds that count
    await askTogether(to, everybody);
  }
  const together: number[] = [];
  const alone: number[] = [];
  const before = { program: await server.resources(), postgresMs: await postgresCpuMs(database) };
  for (let round = 0; round < ROUNDS; round += 1) {
    // oxlint-disable no-await-in-loop -- rounds must not disturb each other
    for (const index of everybody.slice(0, 10)) alone.push(...(await askTogether(to, [index])));
    together.push(...(await askTogether(to, everybody)));
    // oxlint-enable no-await-in-loop
  }
  const { cpuMs } = await server.resources();
  const postgresMs = await postgresCpuMs(database);
  const aloneBy = await askEachAlone(to);
  await server.stop();
  slack.close();
  await database.stop();
  const answers = alone.length + together.length;
  printFigure({
    name: "commands.fifty_at_once",
    value: p95(together),
    unit: "ms, p95",
    baseline: "one person at a time",
    baseline_value: p95(alone),
  });
  printFigure({
    name: "commands.cpu_per_answer",
    value: (cpuMs - before.program.cpuMs) / answers,
    unit: "ms of the program's processor time",
    baseline: "Postgres's processor time for it",
    baseline_value: (postgresMs - before.postgresMs) / answers,
  });
  for (const [kind, times] of aloneBy) {
    printFigure({
      name: `commands.alone (${kind})`,
      value: median(times),
      unit: "ms, median",
      baseline: "a team's report",
      baseline_value: median(aloneBy.get("team") ?? []),
    });
  }
}

async function askEachAlone(
  to: Parameters<typeof askTogether>[0],
): Promise<ReadonlyMap<string, readonly number[]>> {
  const times = new Map<string, readonly number[]>();
  for (const question of [...OFTEN, ...SELDOM]) {
    const ofKind: number[] = [];
    for (let asked = 0; asked < ALONE; asked += 1) {
      const person = question.isOfAdmins === true ? SPEND_PEOPLE : asked * 101;
      // oxlint-disable-next-line no-await-in-loop -- alone
      ofKind.push(await ask(to, { person, question }));
    }
    times.set(question.kind, ofKind);
  }
  return times;
}

/** Of all that the server has done so far, parallel workers and ended connections included; NaN where the system does not tell. */
async function postgresCpuMs({ pool }: BenchDatabase): Promise<number> {
  const { rows } = await pool.query<{ readonly pid: number }>("select pg_backend_pid() as pid");
  const { parent: postmaster } = await statOf(rows[0]?.pid ?? 0);
  const processes = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  const children = (await Promise.all(processes.map(statOf))).filter(
    ({ parent }) => parent === postmaster,
  );
  const ended = (await statOf(postmaster)).endedTicks;
  return (children.reduce((sum, { ticks }) => sum + ticks, 0) + ended) * CLOCK_TICK_MS;
}

/** What Linux tells of a process; `endedTicks` of its children that are gone. */
async function statOf(pid: string | number) {
  const stat = await readFile(`/proc/${String(pid)}/stat`, "utf8").catch(() => "");
  // After the name, which may have blanks: the state is the third field.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const field = (number: number): number => Number(fields[number - 3]);
  return { parent: field(4), ticks: field(14) + field(15), endedTicks: field(16) + field(17) };
}

const CLOCK_TICK_MS = 10;

function p95(times: readonly number[]): number {
  return times.toSorted((left, right) => left - right)[Math.floor(times.length * 0.95)] ?? NaN;
}

function teamOf(person: number): string {
  return `team-${String(Math.floor(person / PEOPLE_A_TEAM))}`;
}

function projectOf(person: number): string {
  return `project:project-${String(Math.floor(person / PEOPLE_A_TEAM) * 2)}`;
}

interface Asking {
  readonly url: URL;
  readonly slack: CountingSlack;
}

/** How long each of them waited. Every fourth owns the team they ask about. */
async function askTogether(to: Asking, indexes: readonly number[]): Promise<readonly number[]> {
  return await Promise.all(
    indexes.map(async (index) => {
      const question = questionOf(index);
      const person =
        question.isOfAdmins === true
          ? SPEND_PEOPLE + (index % ADMINS)
          : (index * SPEND_PEOPLE) / ASKING_AT_ONCE + (index % 4);
      return await ask(to, { person, question });
    }),
  );
}

async function ask(
  { url, slack }: Asking,
  { person, question }: { readonly person: number; readonly question: Question },
): Promise<number> {
  const { responseUrl, answered } = slack.expectAnswer();
  const body = new URLSearchParams({
    command: "/claude-spend",
    text: question.text(person),
    user_id: `U${String(person)}`,
    team_id: "TBENCH",
    channel_id: "CBENCH",
    trigger_id: "1.1",
    response_url: responseUrl,
  }).toString();
  const contentType = "application/x-www-form-urlencoded";
  const { headers } = signed(body, { secret: SIGNING_SECRET, contentType });
  const startedAt = performance.now();
  await post(url, headers, body);
  const answer = await answered;
  const ms = performance.now() - startedAt;
  if (!answer.includes("$")) throw new Error(`no amounts: ${answer.slice(0, 300)}`);
  return ms;
}

const connections = new Agent({ keepAlive: true });

/** With as little work as can be: it shares the machine with what is measured. */
async function post(url: URL, headers: RequestInit["headers"], body: string): Promise<void> {
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const options = {
      method: "POST",
      headers: Object.fromEntries(new Headers(headers)),
      agent: connections,
    };
    const sent = request(url, options, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.on("error", reject);
    sent.end(body);
  });
  if (status !== 200) throw new Error(`HTTP ${String(status)}`);
}

/** The teams of the people who spend, each with a budget. */
async function organize({ pool }: BenchDatabase): Promise<void> {
  await replaceOrganization(pool, {
    organization: {
      name: "Acme",
      timeZone: timeZone("Europe/Berlin"),
      weekStartsOn: "monday",
      admins: Array.from({ length: ADMINS }, (_, index) =>
        emailFrom(`u${String(SPEND_PEOPLE + index)}@acme.test`),
      ),
    },
    teams: Array.from({ length: TEAMS }, (_, team) => {
      const people = Array.from({ length: PEOPLE_A_TEAM }, (_one, index) =>
        emailFrom(`u${String(team * PEOPLE_A_TEAM + index)}@acme.test`),
      );
      return {
        key: `team-${String(team)}`,
        name: `Team ${String(team)}`,
        owners: people.slice(0, 1),
        members: people.slice(1),
        projects: [`project-${String(team * 2)}`, `project-${String(team * 2 + 1)}`],
      };
    }),
  });
  const budgets = Array.from({ length: TEAMS }, (_, team) =>
    aGovernedBudget({ key: `team-${String(team)}`, scope: `team:team-${String(team)}` }),
  );
  await replaceGovernedBudgets(pool, budgets, instant(new Date()));
}
