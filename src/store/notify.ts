/** Postgres' notifications: a hint from one replica to all that there is something to do. */
import { setTimeout as wait } from "node:timers/promises";
import type { Database, Sql } from "./database.ts";

const RECONNECT_MS = 2_000;

/** The one channel: its payload says what there is to do. */
export const WORK_CHANNEL = "claude_spend_work";
export type WorkKind = "budget-checks" | "gatherings" | "outbox" | "homes";

/** Inside a transaction it goes out with the commit, and holds a lock that commits share. */
export async function notifyOfWork(sql: Sql, kind: WorkKind): Promise<void> {
  await sql.query(`select pg_notify($1, $2)`, [WORK_CHANNEL, kind]);
}

/** Calls `onPayload` for each notification; connects again for ever when the connection breaks. */
export function listenForWork(
  database: Database,
  onPayload: (payload: string) => void,
): { readonly stop: () => Promise<void> } {
  const stopping = new AbortController();
  const finished = (async () => {
    while (!stopping.signal.aborted) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- a connection follows the one that broke
        await listenUntilBroken(database, onPayload, stopping.signal);
      } catch {
        // The database is away; whoever needs it now says so. Here it is only a matter of time.
        // oxlint-disable-next-line no-await-in-loop -- see above
        await wait(RECONNECT_MS, undefined, { signal: stopping.signal }).catch(() => {});
      }
    }
  })();
  return {
    stop: async () => {
      stopping.abort();
      await finished;
    },
  };
}

/** Resolves when told to stop; rejects when the connection breaks. Never leaves a client behind. */
async function listenUntilBroken(
  database: Database,
  onPayload: (payload: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const client = await database.connect();
  try {
    const ended = new Promise<void>((resolve, reject) => {
      client.on("error", reject);
      client.on("end", () => {
        reject(new Error("the connection ended"));
      });
      signal.addEventListener("abort", () => {
        resolve();
      });
    });
    ended.catch(() => {}); // It may break before anybody waits for it.
    client.on("notification", ({ payload }) => {
      onPayload(payload ?? "");
    });
    await client.query(`listen ${WORK_CHANNEL}`);
    if (!signal.aborted) await ended;
  } finally {
    client.release(true); // Closed, not pooled: it still listens.
  }
}
