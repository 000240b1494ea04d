/**
 * What must hold of delivery, judged from rows and from what Slack was sent: each fact is told once
 * where it belongs, or the reason why not is on record.
 */
import type { FakeSlack } from "../../../../src/sandbox/slack/index.ts";
import type { Database } from "../../../../src/store/database.ts";
import { budgetOf, type History } from "./histories.ts";
import type { Facts } from "./oracle.ts";
import type { World } from "./world.ts";

/** Clocks of replicas are off by no more. */
export const SKEW_MAX_MS = 8 * 60_000;
/** The outbox calls a message old after half an hour. */
const OLD_MS = 30 * 60_000;

/** What the program recorded, by budget, in the words of the model. */
export async function loadFacts(database: Database): Promise<ReadonlyMap<string, Facts>> {
  const { rows } = await database.query<{
    readonly budget: string;
    readonly start_ms: string;
    readonly percent: number;
    readonly decided: string;
    readonly how: string;
    readonly spend: string;
    readonly limit: string;
  }>(
    `select a.budget_id || '/' || a.member_key as budget, (extract(epoch from a.period_start) * 1000)::bigint::text as start_ms,
            a.threshold_percent as percent,
            round(substring(a.fact_key from '[0-9.]+$')::numeric * 100)::text as decided,
            coalesce(a.not_sent_because, 'announced') as how,
            trim_scale(a.spend_usd * 100)::text as spend,
            trim_scale(a.limit_usd * 10000)::text as limit
       from alerts a
      where a.kind = 'threshold'`,
  );
  const facts = new Map<string, Map<string, string>>();
  for (const row of rows) {
    const own = facts.get(row.budget) ?? new Map<string, string>();
    own.set(
      `${row.start_ms}|${String(row.percent)}|${row.decided}`,
      `${row.how}|${row.spend}|${row.limit}`,
    );
    facts.set(row.budget, own);
  }
  return facts;
}

/** A `chat.postMessage` that Slack carried out. */
interface Posted {
  readonly key: string;
  readonly channel: string;
  readonly ts: string;
  readonly text: string;
}

/** A call of `chat.postMessage`, whatever came of it, and what the sender's clock said. */
export interface Attempt {
  readonly key: string;
  readonly senderClock: number;
}

/** What Slack carried out, whether or not the bot heard of it. */
export function postedIn(slack: Pick<FakeSlack, "calls">): Posted[] {
  return slack.calls("chat.postMessage").flatMap(({ args, answer }) => {
    if (answer?.["ok"] !== true) return [];
    const metadata = JSON.parse(String(args["metadata"])) as {
      readonly event_payload: { readonly dedupe_key: string };
    };
    return [
      {
        key: metadata.event_payload.dedupe_key,
        channel: String(answer["channel"]),
        ts: String(answer["ts"]),
        text: String(args["text"]),
      },
    ];
  });
}

interface TellingRow {
  readonly fact_key: string;
  readonly number: string;
  readonly kind: string;
  readonly thread_key: string;
  readonly budget: string | null;
  readonly period_start: Date | null;
  readonly period_end: Date | null;
  readonly spend: string | null;
  readonly limit: string | null;
  readonly destination: string | null;
  readonly carried_by: string | null;
  readonly held_until: Date | null;
  readonly not_sent_because: string | null;
  readonly status: string | null;
  readonly last_error: string | null;
}

interface OutboxRow {
  readonly id: string;
  readonly key: string;
  readonly kind: string;
  readonly destination: string;
  readonly status: string;
  readonly last_error: string | null;
  readonly attempts: number;
  readonly updates: string | null;
  readonly replies_to: string | null;
  readonly created_at: Date;
  readonly valid_until: Date | null;
}

export interface Delivered {
  readonly attempts: readonly Attempt[];
  /** The highest number of the outbox at the end of each round. */
  readonly marks: readonly bigint[];
  readonly canLook: boolean;
}

/** Everything that is wrong, as sentences. */
export async function deliveryFaults(world: World, delivered: Delivered): Promise<string[]> {
  const [first] = world.replicas;
  if (first === undefined) return ["no replica"];
  const { database } = first;
  const tellings = await loadTellings(database);
  const outbox = await loadOutbox(database);
  const posted = postedIn(world.slack);
  const byName = new Map(world.histories.map((history) => [budgetOf(history), history]));
  return [
    ...tellings.flatMap((telling) => faultsOfTelling(world, telling, { byName, outbox })),
    ...faultsOfDoubles(outbox, posted, delivered),
    ...faultsOfOutbox(outbox),
    ...faultsOfNumbers(tellings, posted),
    ...faultsOfTotals(tellings, byName),
    ...(await faultsOfPlans(database, byName)),
    ...faultsOfOrder({ tellings, outbox, posted, marks: delivered.marks }),
    ...faultsOfTime(outbox, delivered),
  ];
}

async function loadTellings(database: Database): Promise<readonly TellingRow[]> {
  const { rows } = await database.query<TellingRow>(
    `select a.fact_key, a.alert_number::text as number, a.kind, a.thread_key, a.budget_id || '/' || a.member_key as budget,
            a.period_start,
            a.period_end, a.spend_usd::text as spend, a.limit_usd::text as limit, d.destination,
            d.carried_by, d.held_until, d.not_sent_because, o.status, o.last_error
       from alerts a
       left join alert_deliveries d on d.alert_id = a.alert_id
       left join outbox_messages o on o.dedupe_key = d.carried_by
      where a.not_sent_because is null
      order by a.alert_number`,
  );
  return rows;
}

async function loadOutbox(database: Database): Promise<readonly OutboxRow[]> {
  const { rows } = await database.query<OutboxRow>(
    `select o.outbox_message_id::text as id, o.dedupe_key as key, o.kind, o.destination, o.status,
            o.last_error, o.attempts, o.updates_dedupe_key as updates,
            o.reply_to_dedupe_key as replies_to, o.created_at, o.valid_until
       from outbox_messages o
      order by o.outbox_message_id`,
  );
  return rows;
}

function faultsOfTelling(
  world: World,
  telling: TellingRow,
  known: {
    readonly byName: ReadonlyMap<string, History>;
    readonly outbox: readonly OutboxRow[];
  },
): string[] {
  const { fact_key: fact, destination } = telling;
  const history = known.byName.get(telling.budget ?? "");
  const expected = history?.destination ?? "#finops";
  if (destination !== expected) return [`${fact}: told ${String(destination)}, not ${expected}`];
  const latest = world.now.getTime() + SKEW_MAX_MS;
  const isOver = telling.period_end !== null && telling.period_end.getTime() <= latest;
  if (telling.held_until !== null) return [`${fact}: still held back`];
  const reason = telling.carried_by === null ? telling.not_sent_because : telling.last_error;
  if (telling.carried_by !== null && telling.status === "sent") return [];
  if (reason === "period-over") return isOver ? [] : [`${fact}: its period is not over`];
  if (reason === "newer-alert" || reason === "a newer message says more") return [];
  if (reason === "resolved") return [];
  if (reason === "snoozed" && history?.isSnoozed === true) return [];
  // Closed for three days: its copy is at the fallback.
  const copy = `fallback:#finops:${String(telling.carried_by)}`;
  const isCopied = known.outbox.some(({ key, status }) => key === copy && status === "sent");
  if (reason === "is_archived for three days" && isCopied) return [];
  const copies = known.outbox.filter(({ key }) => key === copy).map((row) => JSON.stringify(row));
  return [`${fact}: ${String(telling.status)} because ${String(reason)} ${copies.join()}`];
}

function faultsOfDoubles(
  outbox: readonly OutboxRow[],
  posted: readonly Posted[],
  { canLook }: Pick<Delivered, "canLook">,
): string[] {
  const kinds = new Map(outbox.map(({ key, kind }) => [key, kind]));
  const times = new Map<string, number>();
  for (const { key } of posted) times.set(key, (times.get(key) ?? 0) + 1);
  return [...times].flatMap(([key, count]) => {
    // Without the history scopes an alert may come again after an answer that got lost, a digest not.
    const isPromised = canLook || kinds.get(key) === "digest";
    return count === 1 || !isPromised ? [] : [`${key}: posted ${String(count)} times`];
  });
}

function faultsOfOutbox(outbox: readonly OutboxRow[]): string[] {
  return outbox.flatMap((row) => {
    if (row.status === "sent") return [];
    if (row.last_error === "is_archived for three days") return [];
    if (row.status === "skipped" && row.kind === "digest") return [];
    if (row.status !== "skipped")
      return [`${row.key}: ends ${row.status} (${String(row.last_error)})`];
    if (row.last_error === null) return [`${row.key}: skipped without a reason`];
    if (row.last_error !== "a newer message says more") return [];
    const hasNewer = outbox.some(
      (other) =>
        BigInt(other.id) > BigInt(row.id) &&
        other.destination === row.destination &&
        (row.updates === null
          ? other.replies_to === row.replies_to
          : other.updates === row.updates),
    );
    return hasNewer ? [] : [`${row.key}: nothing newer says more`];
  });
}

/** What people read are the numbers of the fact, in dollars and cents. */
function faultsOfNumbers(tellings: readonly TellingRow[], posted: readonly Posted[]): string[] {
  const byKey = new Map(posted.map((one) => [one.key, one]));
  return tellings.flatMap((telling) => {
    const message = byKey.get(telling.carried_by ?? "");
    // The message of a storm says the numbers of its latest line.
    if (message === undefined || telling.kind !== "threshold") return [];
    if (message.key.startsWith("alert-storm:")) return [];
    const spend = dollars(telling.spend ?? "");
    return message.text.includes(spend)
      ? []
      : [`${telling.fact_key}: the message does not say ${spend}: ${message.text}`];
  });
}

/** What forecasts, paces and beginnings say was spent was spent at some time. */
function faultsOfTotals(
  tellings: readonly TellingRow[],
  byName: ReadonlyMap<string, History>,
): string[] {
  return tellings.flatMap(({ fact_key: fact, kind, budget, period_start: start, spend }) => {
    const history = byName.get(budget ?? "");
    if (history === undefined || kind === "threshold" || start === null) return [];
    const cents = Number(spend) * 100;
    const total = `${String(start.getTime())}|${String(Math.round(cents))}`;
    return cents === 0 || history.totals.has(total) ? [] : [`${fact}: ${String(spend)} never was`];
  });
}

/** Nothing is muted that nobody announced, and no threshold ever. */
async function faultsOfPlans(
  database: Database,
  byName: ReadonlyMap<string, History>,
): Promise<string[]> {
  const { rows } = await database.query<{ readonly fact: string; readonly budget: string }>(
    `select a.fact_key as fact, a.budget_id || '/' || a.member_key as budget
       from alerts a
      where a.not_sent_because = 'planned'`,
  );
  return rows.flatMap(({ fact, budget }) =>
    (byName.get(budget)?.plans.length ?? 0) > 0 && !fact.includes(":threshold:")
      ? []
      : [`${fact}: muted by no plan`],
  );
}

function dollars(decimal: string): string {
  const [whole = "", fraction = ""] = decimal.split(".");
  return `$${whole.replaceAll(/\B(?=(\d{3})+$)/g, ",")}.${fraction.padEnd(2, "0").slice(0, 2)}`;
}

/** Facts of a thread in their order, and messages of a channel round by round. */
function faultsOfOrder(of: {
  readonly tellings: readonly TellingRow[];
  readonly outbox: readonly OutboxRow[];
  readonly posted: readonly Posted[];
  readonly marks: readonly bigint[];
}): string[] {
  const { tellings, outbox, posted, marks } = of;
  const faults: string[] = [];
  const firstTs = new Map(posted.toReversed().map(({ key, ts }) => [key, ts]));
  const lastOf = new Map<string, { readonly ts: string; readonly fact: string }>();
  for (const { thread_key: thread, carried_by: key, fact_key: fact } of tellings) {
    const ts = firstTs.get(key ?? "");
    if (ts === undefined) continue;
    const last = lastOf.get(thread);
    if (last !== undefined && ts < last.ts) {
      faults.push(`${fact}: told (${String(key)}, ${ts}) before ${last.fact} (${last.ts})`);
    }
    lastOf.set(thread, { ts, fact: `${fact} by ${String(key)}` });
  }
  const rounds = new Map(
    outbox.map(({ key, id }) => [key, marks.findIndex((mark) => BigInt(id) <= mark)]),
  );
  const latest = new Map<string, number>();
  for (const { key, channel } of posted.toSorted((left, right) => (left.ts < right.ts ? -1 : 1))) {
    const round = rounds.get(key) ?? -1;
    if (round === -1) continue;
    if (round < (latest.get(channel) ?? -1)) faults.push(`${key}: after messages of later rounds`);
    latest.set(channel, Math.max(round, latest.get(channel) ?? -1));
  }
  return faults;
}

/** Nothing about a period that is over, and no flood of old replies after an outage. */
function faultsOfTime(
  outbox: readonly OutboxRow[],
  { attempts }: Pick<Delivered, "attempts">,
): string[] {
  const rows = new Map(outbox.map((row) => [row.key, row]));
  return attempts.flatMap(({ key, senderClock }) => {
    const row = rows.get(key);
    if (row === undefined) return [`${key}: posted and unknown`];
    if (row.valid_until !== null && row.valid_until.getTime() <= senderClock) {
      return [`${key}: about a period that is over`];
    }
    const isOld = senderClock - row.created_at.getTime() > OLD_MS + 2 * SKEW_MAX_MS;
    if (row.replies_to === null || row.kind !== "alert" || !isOld || row.attempts > 1) return [];
    const hasNewer = outbox.some(
      (other) =>
        BigInt(other.id) > BigInt(row.id) &&
        other.replies_to === row.replies_to &&
        other.created_at.getTime() + 2 * SKEW_MAX_MS < senderClock,
    );
    return hasNewer ? [`${key}: an old reply though a newer one says more`] : [];
  });
}
