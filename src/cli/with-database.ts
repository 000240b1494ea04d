/** The database that the bot uses, for as long as one command needs it. */
import { explainUnreachable } from "../app/database.ts";
import { type Database, openDatabase } from "../store/database.ts";
import { findRunningPostgres } from "../store/embedded/running.ts";
import { EMBEDDED_DATABASE, startEmbeddedPostgres } from "../store/embedded.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** How a database is reached. */
export type Connection = Parameters<typeof openDatabase>[0];

type Work<T> = (database: Database, connection: Connection) => Promise<T>;

/**
 * `DATABASE_URL`; else the embedded one of `DATA_DIR`: that of the running bot, or started for the
 * command and stopped after it. The work also hears how other threads reach it.
 */
export async function withDatabase<T>(env: Environment, work: Work<T>): Promise<T> {
  const url = env["DATABASE_URL"] ?? "";
  if (url !== "") {
    return await using({ connectionString: url }, work).catch((error: unknown) => {
      throw explainUnreachable(error);
    });
  }
  const dataDir = env["DATA_DIR"] ?? "./data";
  const running = await findRunningPostgres(dataDir, EMBEDDED_DATABASE);
  if (running !== undefined) return await using(running, work);
  const embedded = await startEmbeddedPostgres({ dataDir });
  try {
    return await using(embedded.poolConfig, work);
  } finally {
    await embedded.stop();
  }
}

async function using<T>(connection: Connection, work: Work<T>): Promise<T> {
  const database = openDatabase(connection);
  try {
    return await work(database, connection);
  } finally {
    await database.end();
  }
}
