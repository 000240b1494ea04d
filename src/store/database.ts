/** Postgres: the pool and transactions. SQL itself lives in each feature's store.ts. */
import { Socket } from "node:net";
import { Pool, type PoolClient, type PoolConfig, types } from "pg";
import { assert } from "../domain/assert.ts";
import { AppError } from "../domain/errors.ts";

export type Database = Pool;
/** Something that runs SQL: inside a transaction, or the pool itself. */
export type Sql = Pick<PoolClient, "query">;

/** More connections than this only queue inside Postgres on a small machine. */
const POOL_CONNECTIONS_MAX = 10;
/** A person waits for the answer; a query that takes longer would not be read any more. */
const STATEMENT_TIMEOUT_MS = 5_000;
/** A server that stopped answering at all can't end the statement itself; then we do. */
const ANSWER_TIMEOUT_MS = 2 * STATEMENT_TIMEOUT_MS;
/** Long enough for a failover's first packet, short enough that a webhook is told to come again. */
const CONNECT_TIMEOUT_MS = 3_000;

/** A pool with the settings that every part relies on: UTC, time-outs, dates as text. */
export function openDatabase(config: PoolConfig): Database {
  const pool = new Pool({
    max: POOL_CONNECTIONS_MAX,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    // Statements of one transaction that do not wait for each other are sent together.
    pipeline: true,
    stream: () => gatheringSocket(),
    application_name: "claude-spend",
    options: "-c TimeZone=UTC",
    // pg would read a date as midnight in the server's own zone.
    types: {
      getTypeParser: (oid, format): unknown =>
        oid === types.builtins.DATE ? (text: string) => text : types.getTypeParser(oid, format),
    },
    ...config,
  });
  // An idle connection that breaks is replaced by the pool; without a listener it ends the process.
  pool.on("error", () => {});
  // The same for a connection that breaks between two statements of a transaction: the next
  // statement reports it.
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}

/**
 * A socket that sends what is written in one turn of the event loop at once: each write wakes the
 * server up, which costs both more than most statements do.
 */
function gatheringSocket(): Socket {
  const socket = new Socket();
  // Not before: a socket that connects puts Node's own `write` back.
  socket.once("connect", () => {
    gatherWrites(socket);
  });
  return socket;
}

/** So much is worth a write of its own: the server begins with it while we prepare the rest. */
const GATHERED_BYTES_MAX = 16 * 1024;

function gatherWrites(socket: Socket): void {
  const write = socket.write.bind(socket);
  let isGathering = false;
  const send = (): void => {
    if (!isGathering) return;
    isGathering = false;
    socket.uncork();
  };
  Object.assign(socket, {
    write: (...what: Parameters<typeof write>): boolean => {
      if (!isGathering) {
        isGathering = true;
        socket.cork();
        process.nextTick(send);
      }
      const isBelowMark = write(...what);
      if (socket.writableLength >= GATHERED_BYTES_MAX) send();
      return isBelowMark;
    },
  });
}

/** Runs `work` in one transaction; rolls back when it throws. A lost database is `unavailable`. */
export async function inTransaction<T>(
  database: Database,
  work: (sql: Sql) => Promise<T>,
): Promise<T> {
  const client = await connect(database);
  let broken: Error | undefined;
  try {
    // Waited for: pipelined statements behind a begin that failed would each commit by themselves.
    await client.query("begin");
    const result = await work(client);
    // Sent only when every statement of the work was: one that could not be sent is no reason for
    // Postgres to refuse the commit of the others.
    const { command } = await client.query("commit");
    // Postgres answers "rollback" when a statement failed and `work` swallowed the error.
    assert(command === "COMMIT", "a transaction with a failed statement can't be committed");
    return result;
  } catch (error) {
    // Of no answer the statement may still run: not even a rollback can follow it.
    broken = isAnswerTimeout(error) ? new Error("no answer") : await rollBack(client);
    throw isConnectionLoss(error) ? unavailable(error) : error;
  } finally {
    client.release(broken);
  }
}

/**
 * Runs `work`, which only reads, on one connection and without a transaction: what is asked in one
 * go (see `together`) is sent in one go. Whoever takes a connection for each question instead waits
 * as often as everybody else does.
 */
export async function onOneConnection<T>(
  database: Database,
  work: (sql: Sql) => Promise<T>,
): Promise<T> {
  const client = await connect(database);
  let broken: Error | undefined;
  try {
    return await work(client);
  } catch (error) {
    if (!isConnectionLoss(error)) throw error;
    broken = new Error("no answer");
    throw unavailable(error);
  } finally {
    client.release(broken);
  }
}

/** Why the connection can't be used again; undefined when it can. */
async function rollBack(client: PoolClient): Promise<Error | undefined> {
  try {
    await client.query("rollback");
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error("rollback failed");
  }
}

function isAnswerTimeout(error: unknown): boolean {
  return error instanceof Error && error.message === "Query read timeout"; // It has no code.
}

/** A connection of one's own, to be released by the caller. */
export async function connect(database: Database): Promise<PoolClient> {
  try {
    return await database.connect();
  } catch (error) {
    throw unavailable(error);
  }
}

function unavailable(cause: unknown): AppError {
  return new AppError({
    code: "unavailable",
    message: "The database can't be reached right now.",
    retryable: true,
    cause,
  });
}

/** Whether Postgres was away, as opposed to having refused the statement. */
export function isConnectionLoss(error: unknown): boolean {
  if (error instanceof AppError) return error.code === "unavailable";
  if (!(error instanceof Error)) return false;
  if (isAnswerTimeout(error)) return true;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  return (
    /^(08|57P0|53)/.test(code) ||
    ["ECONNREFUSED", "ECONNRESET", "EPIPE", "ENOENT", "ETIMEDOUT", "ENOTFOUND"].includes(code) ||
    /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error/.test(
      error.message,
    )
  );
}

/** Time-out, lock time-out, deadlock, serialization failure. */
const GIVEN_UP_CODES: ReadonlySet<unknown> = new Set(["57014", "55P03", "40P01", "40001"]);

/** Whether Postgres gave the statement up and undid its transaction: nobody's mistake. */
export function isGivenUp(error: unknown): boolean {
  return error instanceof Error && "code" in error && GIVEN_UP_CODES.has(error.code);
}
