/**
 * How long people wait for an answer to `/claude-spend`: signed commands into the whole program,
 * fifty at once, until the answer arrives at the response_url, beside a Slack that only counts.
 * BENCH_EVENTS says how many events the history has (a million unless told; ten for the promise).
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { emailFrom } from "../../src/domain/email.ts";
import { instant, timeZone } from "../../src/domain/time.ts";
import { replaceGovernedBudgets } from "../../src/features/budgets/index.ts";
import { replaceOrganization } from "../../src/features/organization/index.ts";
import { signed } from "../slack/recording-slack.ts";
import { aGovernedBudget } from "../support/budget-builders.ts";
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
/** As many as `fillSpend` makes, 25 a team. */
const SPEND_PEOPLE = 5_000;
const ANSWER_TIMEOUT_MS = 60_000;

/** What people ask, as often as they do: mostly their team, then themselves, seldom the whole. */
const QUESTIONS: readonly ((person: number) => string)[] = [
  (person) => teamOf(person),
  (person) => `${teamOf(person)} 7d`,
  () => "",
  (person) => `top projects ${teamOf(person)}`,
  () => "me last month",
];

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
  const url = new URL("/slack/events", server.url);
  const alone: number[] = [];
  const together: number[] = [];
  for (let round = 0; round < WARM_UP_ROUNDS; round += 1) {
    // oxlint-disable-next-line no-await-in-loop -- as the rounds that count
    await askTogether({ url, slack, times: [] }, ASKING_AT_ONCE);
  }
  const before = await server.resources();
  for (let round = 0; round < ROUNDS; round += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    for (let asked = 0; asked < 10; asked += 1) await askTogether({ url, slack, times: alone }, 1);
    // oxlint-disable-next-line no-await-in-loop -- rounds must not disturb each other
    await askTogether({ url, slack, times: together }, ASKING_AT_ONCE);
  }
  const { cpuMs } = await server.resources();
  await server.stop();
  slack.close();
  await database.stop();
  printFigure({
    name: "commands.fifty_at_once",
    value: p95(together),
    unit: "ms, p95",
    baseline: "one person at a time",
    baseline_value: p95(alone),
  });
  printFigure({
    name: "commands.cpu_per_answer",
    value: (cpuMs - before.cpuMs) / (alone.length + together.length),
    unit: "ms of the program's processor time",
    baseline: "time until the answer, one person at a time",
    baseline_value: median(alone),
  });
}

function p95(times: readonly number[]): number {
  return times.toSorted((left, right) => left - right)[Math.floor(times.length * 0.95)] ?? NaN;
}

function teamOf(person: number): string {
  return `team-${String(Math.floor(person / 25))}`;
}

async function askTogether(
  to: {
    readonly url: URL;
    readonly slack: CountingSlack;
    readonly times: number[];
  },
  count: number,
): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const person = (index * SPEND_PEOPLE) / ASKING_AT_ONCE;
      const text = (QUESTIONS[index % QUESTIONS.length] ?? String)(person);
      const { responseUrl, answered } = to.slack.expectAnswer();
      const body = new URLSearchParams({
        command: "/claude-spend",
        text,
        user_id: `U${String(person)}`,
        team_id: "TBENCH",
        channel_id: "CBENCH",
        trigger_id: "1.1",
        response_url: responseUrl,
      }).toString();
      const contentType = "application/x-www-form-urlencoded";
      const startedAt = performance.now();
      const response = await fetch(to.url, signed(body, { secret: SIGNING_SECRET, contentType }));
      if (!response.ok) throw new Error(`${String(response.status)} ${await response.text()}`);
      const answer = await answered;
      to.times.push(performance.now() - startedAt);
      if (!answer.includes("$")) throw new Error(`no amounts: ${answer.slice(0, 300)}`);
    }),
  );
}

interface CountingSlack {
  readonly apiUrl: string;
  /** Resolves with the body of the answer. */
  readonly expectAnswer: () => {
    readonly responseUrl: string;
    readonly answered: Promise<string>;
  };
  readonly close: () => void;
}

/** Knows everybody, takes every answer, and checks nothing: it must not be what is measured. */
async function startCountingSlack(): Promise<CountingSlack> {
  const waiting = new Map<string, (body: string) => void>();
  let answers = 0;
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request);
    const path = request.url ?? "";
    waiting.get(path)?.(body);
    waiting.delete(path);
    const id = new URLSearchParams(body).get("user") ?? "";
    const profile = { email: `u${id.slice(1)}@acme.test`, display_name: id };
    const user = { id, team_id: "TBENCH", tz: "Europe/Berlin", profile };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ ok: true, team_id: "TBENCH", user_id: "UBOT", user }));
  };
  const server = createServer((request, response) => void take(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const origin = `http://127.0.0.1:${String(address.port)}`;
  return {
    apiUrl: `${origin}/api/`,
    expectAnswer: () => {
      answers += 1;
      const path = `/answers/${String(answers)}`;
      const answered = new Promise<string>((resolve, reject) => {
        waiting.set(path, resolve);
        setTimeout(reject, ANSWER_TIMEOUT_MS, new Error("no answer came")).unref();
      });
      return { responseUrl: origin + path, answered };
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** The teams of the people who spend, each with a budget. */
async function organize({ pool }: BenchDatabase): Promise<void> {
  await replaceOrganization(pool, {
    organization: {
      name: "Acme",
      timeZone: timeZone("Europe/Berlin"),
      weekStartsOn: "monday",
      admins: [emailFrom("dana@acme.test")],
    },
    teams: Array.from({ length: TEAMS }, (_, team) => {
      const people = Array.from({ length: 25 }, (_one, index) =>
        emailFrom(`u${String(team * 25 + index)}@acme.test`),
      );
      return {
        key: `team-${String(team)}`,
        name: `Team ${String(team)}`,
        owners: people.slice(0, 1),
        members: people.slice(1),
        projects: [`project-${String(team * 3)}x`],
      };
    }),
  });
  const budgets = Array.from({ length: TEAMS }, (_, team) =>
    aGovernedBudget({ key: `team-${String(team)}`, scope: `team:team-${String(team)}` }),
  );
  await replaceGovernedBudgets(pool, budgets, instant(new Date()));
}
