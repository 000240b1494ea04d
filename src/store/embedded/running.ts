/** The embedded database of a program that is running, for the command line to look into. */
import { realpath } from "node:fs/promises";
import type { PoolConfig } from "pg";
import { clusterPath, SUPERUSER } from "./cluster.ts";
import { findPostmaster, PORT } from "./postmaster.ts";

/** Undefined when no Postgres serves that data directory now. */
export async function findRunningPostgres(
  dataDir: string,
  database: string,
): Promise<PoolConfig | undefined> {
  const path = clusterPath(dataDir);
  const directory = await realpath(path).catch(() => path);
  const server = await findPostmaster(directory);
  if (server === undefined || !server.ready) return undefined;
  return { host: server.socketDirectory, port: PORT, user: SUPERUSER, database };
}
