/** Directory sync, the SQL of what was listed. Owns: synced_workspaces, synced_api_keys, synced_users, synced_groups. */
import type { Instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type {
  DirectoryList,
  SyncedApiKey,
  SyncedGroup,
  SyncedUser,
  SyncedWorkspace,
} from "../rules.ts";

/** Adds or renews; what is listed again is no longer gone. */
export async function saveWorkspaces(
  sql: Sql,
  workspaces: readonly SyncedWorkspace[],
  now: Instant,
): Promise<void> {
  await sql.query(
    `insert into synced_workspaces as w (workspace_id, name, tags, archived_at, seen_at)
     select n.*, $5::timestamptz
       from unnest($1::text[], $2::text[], $3::jsonb[], $4::timestamptz[]) as n
         on conflict (workspace_id) do update
        set name = excluded.name, tags = excluded.tags, archived_at = excluded.archived_at,
            seen_at = excluded.seen_at, gone_at = null`,
    [
      workspaces.map(({ id }) => id),
      workspaces.map(({ name }) => name),
      workspaces.map(({ tags }) => JSON.stringify(tags)),
      workspaces.map(({ archivedAt }) => archivedAt ?? null),
      now,
    ],
  );
}

export async function saveApiKeys(
  sql: Sql,
  keys: readonly SyncedApiKey[],
  now: Instant,
): Promise<void> {
  await sql.query(
    `insert into synced_api_keys as k (api_key_id, name, workspace_id, status, created_by, seen_at)
     select n.*, $6::timestamptz
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) as n
         on conflict (api_key_id) do update
        set name = excluded.name, workspace_id = excluded.workspace_id, status = excluded.status,
            created_by = excluded.created_by, seen_at = excluded.seen_at, gone_at = null`,
    [
      keys.map(({ id }) => id),
      keys.map(({ name }) => name),
      keys.map(({ workspaceId }) => workspaceId ?? null),
      keys.map(({ status }) => status),
      keys.map(({ createdBy }) => createdBy ?? null),
      now,
    ],
  );
}

export async function saveUsers(
  sql: Sql,
  users: readonly SyncedUser[],
  now: Instant,
): Promise<void> {
  await sql.query(
    `insert into synced_users as u (user_id, email, name, seen_at)
     select n.*, $4::timestamptz
       from unnest($1::text[], $2::text[], $3::text[]) as n
         on conflict (user_id) do update
        set email = excluded.email, name = excluded.name, seen_at = excluded.seen_at, gone_at = null`,
    [
      users.map(({ id }) => id),
      users.map(({ email }) => email),
      users.map(({ name }) => name),
      now,
    ],
  );
}

export async function saveGroups(
  sql: Sql,
  groups: readonly SyncedGroup[],
  now: Instant,
): Promise<void> {
  for (const group of groups) {
    // oxlint-disable-next-line no-await-in-loop -- arrays of arrays have no unnest; they are few
    await sql.query(
      `insert into synced_groups as g (group_id, handle, name, member_ids, seen_at)
       values ($1, $2, $3, $4, $5)
           on conflict (group_id) do update
          set handle = excluded.handle, name = excluded.name, member_ids = excluded.member_ids,
              seen_at = excluded.seen_at, gone_at = null`,
      [group.id, group.handle, group.name, group.memberIds, now],
    );
  }
}

const GONE: Readonly<Record<DirectoryList, string>> = {
  workspaces: `update synced_workspaces set gone_at = $2 where seen_at < $1 and gone_at is null`,
  api_keys: `update synced_api_keys set gone_at = $2 where seen_at < $1 and gone_at is null`,
  users: `update synced_users set gone_at = $2 where seen_at < $1 and gone_at is null`,
  groups: `update synced_groups set gone_at = $2 where seen_at < $1 and gone_at is null`,
};

/** After a whole list was read from `startedAt` on: what it did not have is gone. */
export async function markGone(
  sql: Sql,
  list: DirectoryList,
  { startedAt, now }: { readonly startedAt: Instant; readonly now: Instant },
): Promise<void> {
  await sql.query(GONE[list], [startedAt, now]);
}
