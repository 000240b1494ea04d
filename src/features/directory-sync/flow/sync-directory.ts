/**
 * Reads what other products list, one list after the other. Each page is saved with the place of the
 * next one, so that a run that was interrupted goes on; a list that fails keeps no other from being
 * read.
 */
import type { Logger } from "pino";
import {
  readApiKeyPage,
  readUserPage,
  readWorkspacePage,
} from "../../../anthropic/organization-lists.ts";
import type { AdminReader } from "../../../anthropic/read.ts";
import { parseEmail } from "../../../domain/email.ts";
import { AppError } from "../../../domain/errors.ts";
import { addMs, type Clock, type Instant, instant, MINUTE_MS } from "../../../domain/time.ts";
import type { SlackWeb } from "../../../slack/web.ts";
import { type Database, inTransaction, type Sql } from "../../../store/database.ts";
import { type DirectoryList, nextSync } from "../rules.ts";
import { markGone, saveApiKeys, saveGroups, saveUsers, saveWorkspaces } from "../store/lists.ts";
import {
  advanceSync,
  claimSync,
  completeSync,
  type DirectorySync,
  failSync,
  releaseSync,
} from "../store/syncs.ts";

export interface SyncDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  /** Undefined: there is no admin key. */
  readonly reader: AdminReader | undefined;
  readonly kind: "console" | "enterprise";
  /** Undefined: there is no Slack. */
  readonly web: Pick<SlackWeb, "listUserGroups"> | undefined;
  readonly signal: AbortSignal;
}

/** Longer than one page takes, with all its attempts. */
const LEASE_MS = 15 * MINUTE_MS;

export type SyncOutcome =
  | { readonly list: DirectoryList; readonly kind: "synced"; readonly count: number }
  /** Not due yet, or another replica is at it. */
  | { readonly list: DirectoryList; readonly kind: "skipped" }
  | { readonly list: DirectoryList; readonly kind: "failed"; readonly error: string };

/** `isAsked`: now; else what is due. */
export async function syncDirectory(
  deps: SyncDeps,
  { isAsked }: { readonly isAsked: boolean },
): Promise<readonly SyncOutcome[]> {
  const outcomes: SyncOutcome[] = [];
  for (const source of sourcesOf(deps)) {
    if (deps.signal.aborted) break;
    // oxlint-disable-next-line no-await-in-loop -- they share one budget of requests
    outcomes.push(await syncList(deps, source, isAsked));
  }
  return outcomes;
}

/** One list: how to read a page of it, ready to be saved. */
interface ListSource {
  readonly list: DirectoryList;
  readonly readPage: (after: string | undefined) => Promise<ReadPage>;
}

interface ReadPage {
  readonly count: number;
  readonly next: string | undefined;
  readonly save: (sql: Sql, now: Instant) => Promise<void>;
}

/** Claude Enterprise has no workspaces and keys. */
function sourcesOf({ reader, kind, web }: SyncDeps): readonly ListSource[] {
  return [
    ...(reader === undefined || kind !== "console" ? [] : consoleLists(reader)),
    ...(reader === undefined ? [] : [usersOf(reader)]),
    ...(web === undefined ? [] : [groupsOf(web)]),
  ];
}

function consoleLists(reader: AdminReader): readonly ListSource[] {
  return [
    {
      list: "workspaces",
      readPage: async (after) => {
        const { items, next } = await readWorkspacePage(reader, after);
        const workspaces = items.map(({ id, name, tags, archived_at: archivedAt }) => ({
          id,
          name,
          tags: tags ?? {},
          archivedAt: typeof archivedAt === "string" ? instant(archivedAt) : undefined,
        }));
        return {
          count: items.length,
          next,
          save: async (sql, now) => {
            await saveWorkspaces(sql, workspaces, now);
          },
        };
      },
    },
    {
      list: "api_keys",
      readPage: async (after) => {
        const { items, next } = await readApiKeyPage(reader, after);
        const keys = items.map(({ id, name, status, created_by: by, scope }) => ({
          id,
          name,
          status,
          workspaceId: scope?.workspace_id ?? undefined,
          createdBy: by === null || by === undefined ? undefined : `${by.type}:${by.id}`,
        }));
        return {
          count: items.length,
          next,
          save: async (sql, now) => {
            await saveApiKeys(sql, keys, now);
          },
        };
      },
    },
  ];
}

function usersOf(reader: AdminReader): ListSource {
  return {
    list: "users",
    readPage: async (after) => {
      const { items, next } = await readUserPage(reader, after);
      const users = items.flatMap(({ id, email, name }) => {
        const address = parseEmail(email);
        return address === undefined ? [] : [{ id, email: address, name: name ?? address }];
      });
      return {
        count: items.length,
        next,
        save: async (sql, now) => {
          await saveUsers(sql, users, now);
        },
      };
    },
  };
}

function groupsOf(web: Pick<SlackWeb, "listUserGroups">): ListSource {
  return {
    list: "groups",
    readPage: async () => {
      const groups = await web.listUserGroups();
      return {
        count: groups.length,
        next: undefined,
        save: async (sql, now) => {
          await saveGroups(sql, groups, now);
        },
      };
    },
  };
}

async function syncList(
  deps: SyncDeps,
  source: ListSource,
  isAsked: boolean,
): Promise<SyncOutcome> {
  const { database, clock, log } = deps;
  const { list } = source;
  const now = clock();
  const leasedUntil = addMs(now, LEASE_MS);
  const sync = await claimSync(database, list, { now, leasedUntil, isAsked });
  if (sync === undefined) return { list, kind: "skipped" };
  try {
    const count = await readAll(deps, source, sync);
    log.info({ work: "directory-sync", outcome: "ok", list, count }, "directory list read");
    return { list, kind: "synced", count };
  } catch (error) {
    if (deps.signal.aborted) {
      await releaseSync(database, list);
      return { list, kind: "skipped" };
    }
    return await recordFailure(deps, sync, error);
  }
}

async function readAll(
  { database, clock, signal }: SyncDeps,
  { list, readPage }: ListSource,
  sync: DirectorySync,
): Promise<number> {
  const startedAt = sync.startedAt ?? clock();
  let cursor = sync.cursor;
  let count = 0;
  for (;;) {
    signal.throwIfAborted();
    // oxlint-disable-next-line no-await-in-loop -- a page names the next one
    const page = await readPage(cursor);
    count += page.count;
    const now = clock();
    // oxlint-disable-next-line no-await-in-loop -- see above
    await inTransaction(database, async (sql) => {
      await page.save(sql, now);
      if (page.next === undefined) {
        await markGone(sql, list, { startedAt, now });
        const done = { failures: 0, needsOperator: false };
        await completeSync(sql, list, { now, nextAttemptAt: nextSync(now, done) });
      } else {
        const leasedUntil = addMs(now, LEASE_MS);
        await advanceSync(sql, list, { startedAt, cursor: page.next, leasedUntil });
      }
    });
    if (page.next === undefined) return count;
    cursor = page.next;
  }
}

async function recordFailure(
  { database, clock, log }: SyncDeps,
  sync: DirectorySync,
  error: unknown,
): Promise<SyncOutcome> {
  const { list } = sync;
  const isKnown = error instanceof AppError;
  const isFinal = isKnown && !error.retryable;
  const failures = sync.failures + 1;
  // A cursor names an element, which may have been deleted since.
  const beginsAnew = isFinal && sync.cursor !== undefined;
  const needsOperator = isFinal && !beginsAnew;
  const message = isKnown ? error.message : String(error);
  await failSync(database, list, {
    nextAttemptAt: nextSync(clock(), { failures, needsOperator }),
    failures,
    error: message,
    needsOperator,
    beginsAnew,
  });
  log[needsOperator || !isKnown ? "error" : "warn"](
    { err: error, work: "directory-sync", outcome: "failed", list, failures },
    "directory list not read",
  );
  return { list, kind: "failed", error: message };
}
