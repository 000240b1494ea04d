/** The program's database: a given one, or the embedded one, at the newest schema. */
import type { Logger } from "pino";
import { AppError } from "../domain/errors.ts";
import { type Database, openDatabase } from "../store/database.ts";
import { startEmbeddedPostgres } from "../store/embedded.ts";
import { migrate } from "../store/migrate.ts";
import type { Config } from "./config.ts";

/** Adds how to let go of it to `undo`, also when it fails halfway. */
export async function startDatabase(
  config: Pick<Config, "DATABASE_URL" | "DATA_DIR">,
  log: Logger,
  undo: (() => Promise<void>)[],
): Promise<{
  readonly database: Database;
  /** For further processes; it may hold a password. */
  readonly connectionString: string;
}> {
  const connectionString =
    config.DATABASE_URL?.reveal() ?? (await startEmbedded(config, log, undo));
  const database = openDatabase({ connectionString });
  undo.push(async () => {
    await database.end();
  });
  const ran = await migrate(database).catch((error: unknown) => {
    throw config.DATABASE_URL === undefined ? error : explainUnreachable(error);
  });
  if (ran.length > 0) log.info({ work: "migrate", migrations: ran }, "schema brought up to date");
  return { database, connectionString };
}

/**
 * For whoever can change the setting: why the database at DATABASE_URL can't be reached, never the
 * value itself. Other errors come back as they are.
 */
export function explainUnreachable(error: unknown): unknown {
  if (!(error instanceof AppError && error.code === "unavailable")) return error;
  const { cause } = error;
  const reason = cause instanceof Error ? cause.message : "no answer";
  return new AppError({
    code: "unavailable",
    message: `DATABASE_URL: can't connect (${reason}). Check host, port, user, password and database; characters such as # in a password are written as %23.`,
    retryable: true,
    cause,
  });
}

async function startEmbedded(
  config: Pick<Config, "DATA_DIR">,
  log: Logger,
  undo: (() => Promise<void>)[],
): Promise<string> {
  const embedded = await startEmbeddedPostgres({
    dataDir: config.DATA_DIR,
    log: (message, fields) => {
      log.warn(fields, message);
    },
  });
  undo.push(embedded.stop);
  return embedded.connectionString;
}
