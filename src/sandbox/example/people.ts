/**
 * The people of the example at work: sessions of an agent in a terminal, where every request reads
 * a long, growing conversation from the cache, writes what is new, and sends few tokens uncached.
 */
import { type ExampleHour, type ExampleStory, shareOfDay } from "./calendar.ts";
import type { Draft } from "./draft.ts";
import { type ModelFamily, modelInUse } from "./models.ts";
import { nativeUsage } from "./native-event.ts";
import { type Chance, chanceOf } from "./random.ts";

interface ExamplePerson {
  readonly name: string;
  readonly email: string;
  readonly requestsPerDay: number;
  /** Starts work this much later than others in Berlin. */
  readonly shiftHours: number;
  readonly workspaceId: string;
  /** What they say they work on; now and then a session says nothing. */
  readonly projects: readonly string[];
  readonly features: readonly [string, ...string[]];
}

const CODE_WORKSPACE = "wrkspc_claude_code";

const PEOPLE: readonly ExamplePerson[] = [
  person("bo", "bo@acme.test", {
    requestsPerDay: 72,
    shiftHours: 2,
    projects: ["ranking", "checkout"],
    features: ["refactoring", "tests", "debugging"],
  }),
  person("ana", "ana@acme.test", {
    requestsPerDay: 34,
    projects: ["checkout", "ranking"],
    features: ["review", "design"],
  }),
  person("dev", "dev@acme.test", {
    requestsPerDay: 62,
    shiftHours: -1,
    projects: ["pipelines", "ci"],
    features: ["terraform", "debugging", "migration"],
  }),
  person("mia", "mia@acme.test", {
    requestsPerDay: 38,
    projects: ["pipelines"],
    features: ["design", "review"],
  }),
  person("cleo", "cleo@acme.test", {
    requestsPerDay: 16,
    projects: ["assistant"],
    features: ["prompts", "reports"],
  }),
  // Finance belongs to no team: what it uses is unallocated.
  person("finn", "finops@acme.test", { requestsPerDay: 8, features: ["reports"] }),
  person("dana", "dana@acme.test", { requestsPerDay: 5, features: ["reports"] }),
  // A contractor without a Slack account, known by the domain of the address only.
  person("lee", "lee@search.acme.test", { requestsPerDay: 6, features: ["tests"] }),
];

/** What people used in an hour. */
export function peopleUsage(story: ExampleStory, hour: ExampleHour): Draft[] {
  return PEOPLE.flatMap((worker) => sessionUsage(story, hour, worker));
}

function sessionUsage(story: ExampleStory, hour: ExampleHour, worker: ExamplePerson): Draft[] {
  const mood = chanceOf(story.seed, "mood", worker.name, hour.date);
  // Somebody is on holiday or in meetings about every fourteenth day; other days differ as well.
  const energy = mood.isLucky(0.07) ? 0.05 : 0.65 + 0.7 * mood.next();
  const mean =
    worker.requestsPerDay * energy * hour.growth * shareOfDay(hour, "office", worker.shiftHours);
  const chance = chanceOf(story.seed, worker.name, hour.key);
  const requests = chance.count(mean);
  if (requests === 0) return [];

  const half = hour.hourOfDay < 13 + worker.shiftHours ? "am" : "pm";
  const session = chanceOf(story.seed, "session", worker.name, hour.date, half);
  const family = usualFamily(session, hour.progress);
  const model = modelInUse(family, hour.start, session);
  const project = worker.projects[session.whole({ min: 0, max: worker.projects.length })];
  const feature = session.pick(worker.features);
  return Array.from({ length: requests }, (_, index) => ({
    actor: worker.name,
    offset: chance.next(),
    event: {
      provider: "anthropic",
      model,
      usage: turnUsage(chance, index / requests),
      user_email: worker.email,
      workspace_id: CODE_WORKSPACE,
      session_id: `${worker.name}-${hour.date}-${half}`,
      tags: { env: "dev", feature },
      ...(project === undefined ? {} : { project }),
    },
  }));
}

/** Larger models became the habit over time; the very largest stays rare. */
function usualFamily(session: Chance, progress: number): ModelFamily {
  const roll = session.next();
  if (roll < 0.04) return "fable";
  if (roll < 0.4 + 0.25 * progress) return "opus";
  return roll < 0.95 ? "sonnet" : "haiku";
}

/** One request of a session. The first of an hour writes the long-lived part of the cache anew. */
function turnUsage(chance: Chance, howFar: number): ReturnType<typeof nativeUsage> {
  const isOpening = howFar === 0;
  const read = isOpening ? 20_000 : 90_000 + Math.round(230_000 * howFar);
  return nativeUsage({
    input: chance.whole({ min: 3, max: 900, skew: 3 }),
    write1h: isOpening ? chance.whole({ min: 50_000, max: 110_000 }) : 0,
    write5m: isOpening ? 0 : chance.whole({ min: 3_000, max: 68_000, skew: 2 }),
    cacheRead: read + chance.whole({ min: 0, max: 80_000 }),
    output: chance.whole({ min: 300, max: 18_000, skew: 2 }),
  });
}

function person(
  name: string,
  email: string,
  rest: Pick<ExamplePerson, "requestsPerDay" | "features"> & Partial<ExamplePerson>,
): ExamplePerson {
  return { name, email, shiftHours: 0, workspaceId: CODE_WORKSPACE, projects: [], ...rest };
}
