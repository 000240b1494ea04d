/** The database that the bot uses, for as long as one command needs it. */
import { explainUnreachable } from "../app/database.ts";
import { type Database, openDatabase } from "../store/database.ts";
import { findRunningPostgres } from "../store/embedded/running.ts";
import { EMBEDDED_DATABASE, startEmbeddedPostgres } from "../store/embedded.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `DATABASE_URL`; else the embedded one of `DATA_DIR`: that of the running bot, or started for the
 * command and stopped after it.
 */
export async function withDatabase<T>(
  env: Environment,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const url = env["DATABASE_URL"] ?? "";
  if (url !== "") {
    return await using(openDatabase({ connectionString: url }), work).catch((error: unknown) => {
      throw explainUnreachable(error);
    });
  }
  const dataDir = env["DATA_DIR"] ?? "./data";
  const running = await findRunningPostgres(dataDir, EMBEDDED_DATABASE);
  if (running !== undefined) return await using(openDatabase(running), work);
  const embedded = await startEmbeddedPostgres({ dataDir });
  try {
    return await using(openDatabase(embedded.poolConfig), work);
  } finally {
    await embedded.stop();
  }
}

async function using<T>(database: Database, work: (database: Database) => Promise<T>): Promise<T> {
  try {
    return await work(database);
  } finally {
    await database.end();
  }
}
