/** Postgres' notifications: a hint from one replica to all that there is something to do. */
import type { PoolClient } from "pg";
import type { Database, Sql } from "./database.ts";

const RECONNECT_MS = 2_000;

/** The one channel: its payload says what there is to do. */
const WORK_CHANNEL = "claude_spend_work";
export type WorkKind = "budget-checks" | "outbox";

/** Inside a transaction it goes out with the commit, and holds a lock that commits share. */
export async function notifyOfWork(sql: Sql, kind: WorkKind): Promise<void> {
  await sql.query(`select pg_notify($1, $2)`, [WORK_CHANNEL, kind]);
}

/** Calls `onPayload` for each notification; connects again for ever when the connection breaks. */
export function listenForWork(
  database: Database,
  onPayload: (payload: string) => void,
): { readonly stop: () => Promise<void> } {
  let isStopped = false;
  let client: PoolClient | undefined;
  let timer: NodeJS.Timeout | undefined;

  const reconnectLater = (): void => {
    client = undefined;
    if (!isStopped) timer = setTimeout(() => void connect(), RECONNECT_MS);
  };
  const connect = async (): Promise<void> => {
    try {
      const connected = await database.connect();
      client = connected;
      connected.on("notification", ({ payload }) => onPayload(payload ?? ""));
      connected.once("error", (error) => {
        connected.release(error);
        reconnectLater();
      });
      await connected.query(`listen ${WORK_CHANNEL}`);
    } catch {
      // The database is away; whoever needs it now says so. Here it is only a matter of time.
      reconnectLater();
    }
  };
  let connecting = connect();
  return {
    stop: async () => {
      isStopped = true;
      clearTimeout(timer);
      await connecting;
      connecting = Promise.resolve();
      client?.removeAllListeners("notification");
      client?.release(true);
    },
  };
}
