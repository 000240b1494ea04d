/** Usage as an organization of fifty people sends it; ids and times grow, as those of real calls do. */
import { aNativeEvent } from "../support/usage-builders.ts";

let counter = 0;

export function anEvent(): Record<string, unknown> {
  counter += 1;
  const number = `${String(process.pid)}${String(counter).padStart(12, "0")}`;
  return aNativeEvent({
    event_id: `evt_${number}`,
    occurred_at: new Date(Date.now() - HOUR_MS + counter).toISOString(),
    request_id: `req_${number}`,
    message_id: `msg_${number}`,
    user_email: `p${String(counter % 50)}@acme.test`,
    team: `team-${String(counter % 10)}`,
    project: `project-${String(counter % 20)}`,
    tags: { env: "prod" },
  });
}

const HOUR_MS = 60 * 60_000;

/** The body of a request with `count` events. */
export function aBatch(count: number): string {
  return JSON.stringify(Array.from({ length: count }, anEvent));
}
