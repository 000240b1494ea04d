/**
 * The example's usage on its way into the demo's bot, through the signed endpoint like anybody's:
 * each source with its secret. What got lost on the way is in Anthropic's books only.
 */
import { Presets, SingleBar } from "cli-progress";
import { addMs, type Clock, DAY_MS, HOUR_MS, type Instant, instant } from "../domain/time.ts";
import { addSource } from "../features/sources/index.ts";
import type { KeptLedger } from "../sandbox/anthropic/kept-ledger.ts";
import {
  CRAWLER_SOURCE,
  EXAMPLE_DAYS,
  type ExampleStory,
  exampleUsage,
  isOfCrawler,
  type SendProgress,
  sendUsage,
  wasLost,
} from "../sandbox/example/index.ts";
import type { Database } from "../store/database.ts";

/** Known to everybody who reads this; the demo listens on the loopback interface only. */
export const DEMO_INGEST_SECRET = "whsec_ZGVtby1vbmx5LW5vdC1hLXNlY3JldC1hdC1hbGw=";
const CRAWLER_SECRET = "whsec_ZGVtby1vbmx5LXNlY3JldC1vZi10aGUtY3Jhd2xlcg==";
export const DEMO_SECRETS_KEY = "ZGVtby1vbmx5LW5vdC1hLXNlY3JldC1hdC1hbGwuLi4=";

export interface UsageDeps {
  readonly url: string;
  readonly database: Database;
  /** The bot's, which may be behind. */
  readonly clock: Clock;
  /** Signatures are checked by the clock on the wall. */
  readonly realClock: Clock;
  readonly story: ExampleStory;
  readonly books: KeptLedger;
  readonly say: (text: string) => void;
}

export function exampleStart({ toldAt }: ExampleStory): Instant {
  return addMs(toldAt, -EXAMPLE_DAYS * DAY_MS);
}

/** The crawler signs with a secret of its own, so that it can be told from the rest. */
export async function addCrawlerSource({ database, clock }: UsageDeps): Promise<void> {
  await addSource(
    { database, clock, secretsKey: Buffer.from(DEMO_SECRETS_KEY, "base64") },
    { name: CRAWLER_SOURCE, isTrusted: true, actor: "demo", secret: CRAWLER_SECRET },
  );
}

/** Sends what is not recorded yet of the example's days; returns up to where. */
export async function sendExample(deps: UsageDeps): Promise<Instant> {
  const { url, database, clock, realClock, story, books, say } = deps;
  const to = clock();
  const from = (await lastRecorded(database, to)) ?? exampleStart(story);
  const used = [...exampleUsage({ story, from, to })];
  // Lost for the bot; served, and billed, nevertheless.
  books.record(used);
  const events = used.filter((event) => !wasLost(story, event));
  const crawled = events.filter(isOfCrawler);
  const others = events.filter((event) => !isOfCrawler(event));
  const bar = new SingleBar(
    {
      format: "Example usage [{bar}] {value}/{total} events",
      noTTYOutput: true,
      notTTYSchedule: 5_000,
      clearOnComplete: false,
    },
    Presets.shades_classic,
  );
  bar.start(events.length, 0);
  const ofCrawler = await sendUsage({
    url: `${url}/v1/usage?source=${CRAWLER_SOURCE}`,
    secret: CRAWLER_SECRET,
    clock: realClock,
    events: crawled,
  });
  const ofOthers = await sendUsage({
    url: `${url}/v1/usage`,
    secret: DEMO_INGEST_SECRET,
    clock: realClock,
    events: others,
    onProgress: ({ sent }) => bar.update(crawled.length + sent),
  });
  bar.update(events.length);
  bar.stop();
  for (const { rejected, firstRejection } of [ofCrawler, ofOthers]) {
    sayRefused(say, { rejected, firstRejection });
  }
  return to;
}

function sayRefused(
  say: UsageDeps["say"],
  { rejected, firstRejection = "" }: Pick<SendProgress, "rejected" | "firstRejection">,
): void {
  if (rejected === 0) return;
  say(`${String(rejected)} events were refused, the first because: ${firstRejection}`);
}

/** A little before the newest event: whatever is sent again is recognised as a duplicate. */
async function lastRecorded(database: Database, now: Instant): Promise<Instant | undefined> {
  const { rows } = await database.query<{ at: Date | null }>(
    `select max(e.occurred_at) as at from usage_events e where e.occurred_at <= $1`,
    [now],
  );
  const at = rows[0]?.at ?? null;
  return at === null ? undefined : addMs(instant(at), -HOUR_MS);
}
