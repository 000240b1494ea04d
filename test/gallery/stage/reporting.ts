/** What apps and admins send to the program beside what the example says: over HTTP, as they do. */
import { DEMO_INGEST_SECRET } from "../../../src/app/demo-usage.ts";
import { addMs, type Clock, type Instant } from "../../../src/domain/time.ts";
import { type ExampleStory, exampleGovernance } from "../../../src/sandbox/example/index.ts";

export const API_TOKEN = "gallery-api-token-of-this-machine";
/** More than an operation may make before it is a loop, five seconds apart. */
const LOOP_REQUESTS = 45;
const LOOP_EVERY_MS = 5_000;

export interface Reporting {
  /** Decides something anew, so that there is a history. */
  readonly amend: (from: string, to: string) => Promise<void>;
  /** An app that reports what can't be: refused, and kept for admins. */
  readonly sendWrong: () => Promise<void>;
  /** The first event of a source, by its secret. */
  readonly sendFirst: (secret: string) => Promise<void>;
  /** An operation of somebody that goes round and round, each time with another prompt. */
  readonly sendLoop: (email: string) => Promise<void>;
}

export function reporting({
  story,
  url,
  clock,
}: {
  readonly story: ExampleStory;
  readonly url: string;
  readonly clock: Clock;
}): Reporting {
  return {
    amend: async (from, to) => {
      const document = exampleGovernance({ past: story.toldAt, now: story.toldAt });
      await putGovernance(url, document.replace(from, to));
    },
    sendWrong: async () => {
      const usage = { input_tokens: -1 };
      await report(url, DEMO_INGEST_SECRET, { ...anEvent(clock(), "wrong"), usage });
    },
    sendFirst: async (secret) => {
      await report(url, secret, anEvent(clock(), "first"));
    },
    sendLoop: async (email) => {
      const events = Array.from({ length: LOOP_REQUESTS }, (_, index) => ({
        ...anEvent(addMs(clock(), -index * LOOP_EVERY_MS), `loop_${String(index)}`),
        usage: { input_tokens: 12_000, output_tokens: 900 },
        user_email: email,
        project: "ci",
        operation_id: "op-triage-nightly",
      }));
      await report(url, DEMO_INGEST_SECRET, events);
    },
  };
}

export async function putGovernance(url: string, document: string): Promise<void> {
  const answer = await fetch(`${url}/v1/governance`, {
    method: "PUT",
    headers: { authorization: `Bearer ${API_TOKEN}` },
    body: document,
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`The governance document was refused: ${text}`);
}

function anEvent(at: Instant, id: string): object {
  const usage = { input_tokens: 100_000, output_tokens: 80_000 };
  return { event_id: `req_${id}`, occurred_at: at, model: "claude-opus-5-5", usage };
}

async function report(url: string, secret: string, events: object): Promise<void> {
  await fetch(`${url}/v1/usage`, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
    body: JSON.stringify(events),
  });
}
