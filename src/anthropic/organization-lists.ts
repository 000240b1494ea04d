/**
 * What there is in the organization, page by page: workspaces, API keys (Console only), members. One
 * page a question, so that whoever reads may stop after any of them and go on later.
 */
import { z } from "zod";
import { unexpectedShape } from "./pages.ts";
import { type AdminReader, readAdmin } from "./read.ts";

const PER_PAGE = 1_000;
const VERSION = "2026-10-21";

export interface ListPage<Item> {
  readonly items: readonly Item[];
  /** Where the next page begins; undefined: this was the last one. */
  readonly next: string | undefined;
}

const WORKSPACE = z.object({
  id: z.string().min(1),
  name: z.string(),
  archived_at: z.string().nullish(),
  tags: z.record(z.string(), z.string()).nullish(),
});
export type ListedWorkspace = z.infer<typeof WORKSPACE>;

const API_KEY = z.object({
  id: z.string().min(1),
  name: z.string(),
  status: z.string(),
  created_by: z.object({ id: z.string(), type: z.string() }).nullish(),
  scope: z.object({ type: z.string(), workspace_id: z.string().nullish() }).nullish(),
});
export type ListedApiKey = z.infer<typeof API_KEY>;

const USER = z.object({ id: z.string().min(1), email: z.string(), name: z.string().nullish() });
export type ListedUser = z.infer<typeof USER>;

export async function readWorkspacePage(
  reader: AdminReader,
  after: string | undefined,
): Promise<ListPage<ListedWorkspace>> {
  return await readPage(reader, WORKSPACE, {
    path: "/v1/organizations/workspaces",
    query: { include_archived: "true", include_default: "true", after_id: after },
  });
}

export async function readApiKeyPage(
  reader: AdminReader,
  after: string | undefined,
): Promise<ListPage<ListedApiKey>> {
  return await readPage(reader, API_KEY, {
    path: "/v1/organizations/api_keys",
    query: { after_id: after },
  });
}

export async function readUserPage(
  reader: AdminReader,
  after: string | undefined,
): Promise<ListPage<ListedUser>> {
  return await readPage(reader, USER, {
    path: "/v1/organizations/users",
    query: { after_id: after },
  });
}

async function readPage<Item>(
  reader: AdminReader,
  item: z.ZodType<Item>,
  {
    path,
    query,
  }: { readonly path: string; readonly query: Readonly<Record<string, string | undefined>> },
): Promise<ListPage<Item>> {
  const answer = await readAdmin(reader, {
    path,
    version: VERSION,
    query: { limit: PER_PAGE, ...query },
  });
  const page = z
    .object({ data: z.array(item), has_more: z.boolean(), last_id: z.string().nullish() })
    .safeParse(answer);
  if (!page.success) throw unexpectedShape({ path }, page.error);
  const { data, has_more: hasMore, last_id: last } = page.data;
  const after = query["after_id"];
  return {
    items: data,
    next: hasMore && typeof last === "string" && last !== after ? last : undefined,
  };
}
