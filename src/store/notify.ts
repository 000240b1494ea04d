/** Postgres' notifications: a hint from one replica to all that there is something to do. */
import type { PoolClient } from "pg";
import type { Database, Sql } from "./database.ts";

const RECONNECT_MS = 2_000;

export async function notify(sql: Sql, channel: string, payload: string): Promise<void> {
  await sql.query(`select pg_notify($1, $2)`, [channel, payload]);
}

/** Calls `onPayload` for each notification; connects again for ever when the connection breaks. */
export function listen(
  database: Database,
  channel: string,
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
      await connected.query(`listen ${channel}`);
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
