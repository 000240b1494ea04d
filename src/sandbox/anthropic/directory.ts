/** Who and what there is in the organization: workspaces, API keys, users, with id cursors. */
import { type AdminError, invalid } from "./errors.ts";
import { idListOf } from "./paging.ts";
import type { AdminRoute, Asked, Outcome } from "./route.ts";

export interface OrganizationDirectory {
  readonly workspaces: readonly {
    readonly id: string;
    readonly name: string;
    readonly tags?: Readonly<Record<string, string>>;
    readonly archivedAt?: string;
  }[];
  /** Usage outside of any other workspace. */
  readonly defaultWorkspaceId: string;
  readonly apiKeys: readonly {
    readonly id: string;
    readonly name: string;
    readonly workspaceId: string;
    /** Default: active. */
    readonly status?: "active" | "inactive" | "archived" | "expired";
    readonly createdBy?: { readonly id: string; readonly type: "user" | "service_account" };
  }[];
  readonly users: readonly { readonly id: string; readonly email: string; readonly name: string }[];
}

export const EMPTY_DIRECTORY: OrganizationDirectory = {
  workspaces: [],
  defaultWorkspaceId: "wrkspc_default",
  apiKeys: [],
  users: [],
};

const CREATED_AT = "2026-01-05T09:00:00Z";
const CURSORS = ["limit", "after_id", "before_id"];

export function directoryRoutes(directory: OrganizationDirectory): readonly AdminRoute[] {
  return [
    {
      method: "GET",
      path: /^\/v1\/organizations\/workspaces$/,
      kind: "console",
      answer: (asked) =>
        unknownParameter(asked, ["include_archived", "include_default", "ids[]"]) ??
        idListOf(workspacesOf(directory, asked), asked.query),
    },
    {
      method: "GET",
      path: /^\/v1\/organizations\/api_keys$/,
      kind: "console",
      answer: (asked) =>
        unknownParameter(asked, ["status", "workspace_id", "created_by_user_id"]) ??
        idListOf(apiKeysOf(directory, asked), asked.query),
    },
    {
      method: "GET",
      path: /^\/v1\/organizations\/users$/,
      scope: "read:members",
      answer: (asked) => unknownParameter(asked, ["email", "roles[]"]) ?? usersOf(directory, asked),
    },
  ];
}

function unknownParameter({ query }: Asked, known: readonly string[]): AdminError | undefined {
  const other = [...query.keys()].find((name) => ![...CURSORS, ...known].includes(name));
  return other === undefined ? undefined : invalid(`${other}: Extra inputs are not permitted`);
}

function workspacesOf({ workspaces, defaultWorkspaceId }: OrganizationDirectory, { query }: Asked) {
  const ids = query.getAll("ids[]");
  return workspaces
    .filter(({ id }) => id !== defaultWorkspaceId || query.get("include_default") === "true")
    .filter(({ id }) => ids.length === 0 || ids.includes(id))
    .filter(
      ({ archivedAt }) => archivedAt === undefined || query.get("include_archived") === "true",
    )
    .map(({ id, name, tags, archivedAt }) => ({
      id,
      type: "workspace",
      name,
      display_color: "#6C5BB9",
      created_at: CREATED_AT,
      archived_at: archivedAt ?? null,
      tags: tags ?? {},
    }));
}

function apiKeysOf({ apiKeys, defaultWorkspaceId }: OrganizationDirectory, asked: Asked) {
  const wanted = asked.query.get("workspace_id");
  const wantedStatus = asked.query.get("status");
  return apiKeys
    .filter(({ workspaceId }) => wanted === null || wanted === workspaceId)
    .filter(({ status }) => wantedStatus === null || wantedStatus === (status ?? "active"))
    .map(({ id, name, workspaceId, status, createdBy }) => ({
      id,
      type: "api_key",
      name,
      partial_key_hint: "sk-ant-api03-…demo",
      status: status ?? "active",
      created_at: CREATED_AT,
      expires_at: null,
      created_by: createdBy ?? null,
      ...(asked.version === "2023-06-01"
        ? { workspace_id: workspaceId === defaultWorkspaceId ? null : workspaceId }
        : { scope: { type: "workspace", workspace_id: workspaceId } }),
    }));
}

function usersOf({ users }: OrganizationDirectory, { query }: Asked): Outcome {
  const email = query.get("email");
  return idListOf(
    users
      .filter((user) => email === null || user.email === email)
      .map(({ id, email: address, name }) => ({
        id,
        type: "user",
        email: address,
        name,
        role: "developer",
        added_at: CREATED_AT,
      })),
    query,
  );
}
