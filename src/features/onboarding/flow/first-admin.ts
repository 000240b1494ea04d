/**
 * Who lets themselves in where there is no admin: the code that the bot prints, and the proof of it
 * in the transaction that makes the first admin.
 */
import { randomBytes } from "node:crypto";
import type { Clock } from "../../../domain/time.ts";
import type { Database, Sql } from "../../../store/database.ts";
import { CODE_CHARS, codeFrom, foldCode } from "../rules.ts";
import * as store from "../store.ts";
import type { SetUpDeps, Visitor } from "./deps.ts";
import { runsWorkspace } from "./progress.ts";

/** The code that lets somebody begin; made where there is none. Undefined: there is an admin. */
export async function makeSetUpCode({
  database,
  clock,
}: {
  readonly database: Database;
  readonly clock: Clock;
}): Promise<string | undefined> {
  if ((await store.listAdmins(database)).length > 0) return undefined;
  return await store.findOrInsertCode(database, codeFrom(randomBytes(CODE_CHARS)), clock());
}

/** Whether there is an admin, and if not the code that was made. Changes nothing. */
export async function findSetUpCode({
  database,
}: {
  readonly database: Database;
}): Promise<{ readonly hasAdmin: boolean; readonly code: string | undefined }> {
  const hasAdmin = (await store.listAdmins(database)).length > 0;
  return { hasAdmin, code: hasAdmin ? undefined : await store.findCode(database) };
}

/** Whether it was the code; the person who typed it may become the first admin then. */
export async function typeCode(
  { database, clock }: Pick<SetUpDeps, "database" | "clock">,
  { email, typed }: { readonly email: string; readonly typed: string },
): Promise<boolean> {
  return await store.claimCode(database, { code: foldCode(typed), email }, clock());
}

/**
 * The proof for the transaction that makes somebody the first admin; it uses up the code. Who runs
 * the workspace was asked before: no transaction waits for Slack.
 */
export async function admission(visitor: Visitor): Promise<(sql: Sql) => Promise<boolean>> {
  const isWorkspaceAdmin = await runsWorkspace(visitor);
  return async (sql) => {
    const mayEnter = isWorkspaceAdmin || (await store.isCodeClaimedBy(sql, visitor.email));
    if (mayEnter) await store.deleteCode(sql);
    return mayEnter;
  };
}
