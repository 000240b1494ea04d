/**
 * The cursors of Anthropic's lists. An opaque page belongs to its query: with any filter changed it
 * is refused. Id cursors name the last or first element seen.
 */
import { createHash } from "node:crypto";
import { type AdminError, invalid } from "./errors.ts";

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextPage: string | null;
}

/** The page of `items` that the query asks for, of `size` items. */
export function pageOf<Item>(
  items: readonly Item[],
  query: URLSearchParams,
  size: number,
): Page<Item> | AdminError {
  const cursor = query.get("page");
  const offset = cursor === null ? 0 : offsetOf(cursor, query);
  if (offset === undefined) return invalid("page: not a cursor of this query");
  const end = offset + size;
  return {
    items: items.slice(offset, end),
    nextPage: end < items.length ? `page_${digestOf(query)}_${String(end)}` : null,
  };
}

function offsetOf(cursor: string, query: URLSearchParams): number | undefined {
  const match = /^page_([0-9a-f]{16})_(\d+)$/.exec(cursor);
  return match?.[1] === digestOf(query) ? Number(match[2]) : undefined;
}

function digestOf(query: URLSearchParams): string {
  const rest = [...query]
    .filter(([name]) => name !== "page")
    .map((pair) => pair.join("="))
    .toSorted((left, right) => (left < right ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(rest)).digest("hex").slice(0, 16);
}

/** A whole number within its limits; undefined when it is another text. */
export function limitOf(
  query: URLSearchParams,
  { otherwise, max }: { readonly otherwise: number; readonly max: number },
): number | undefined {
  const text = query.get("limit");
  if (text === null) return otherwise;
  const limit = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return limit >= 1 && limit <= max ? limit : undefined;
}

const ID_LIST = { otherwise: 20, max: 1000 };

/** A list with `after_id` and `before_id`, as workspaces, keys and users have it. */
export function idListOf(
  items: readonly { readonly id: string }[],
  query: URLSearchParams,
): { readonly kind: "ok"; readonly body: object } | AdminError {
  const limit = limitOf(query, ID_LIST);
  if (limit === undefined) return invalid("limit: expected 1 to 1000");
  const after = query.get("after_id");
  const before = query.get("before_id");
  if (after !== null && before !== null) return invalid("expected after_id or before_id, not both");
  const position = items.findIndex(({ id }) => id === (after ?? before));
  if ((after ?? before) !== null && position === -1) {
    return invalid(`${after === null ? "before_id" : "after_id"}: no such element`);
  }
  const start = after !== null ? position + 1 : before !== null ? Math.max(0, position - limit) : 0;
  const end = before === null ? start + limit : position;
  const data = items.slice(start, end);
  const hasMore = before === null ? end < items.length : start > 0;
  return {
    kind: "ok",
    body: {
      data,
      has_more: hasMore,
      first_id: data[0]?.id ?? null,
      last_id: data.at(-1)?.id ?? null,
    },
  };
}
