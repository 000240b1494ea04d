/** Who is in the organization: ids and addresses, for reports that name people by id only. */
import { z } from "zod";
import { unexpectedShape } from "./pages.ts";
import { type AdminReader, readAdmin } from "./read.ts";

const PATH = "/v1/organizations/users";
const USERS_PER_PAGE_MAX = 1_000;

const USERS = z.object({
  data: z.array(z.object({ id: z.string(), email: z.string() })),
  has_more: z.boolean(),
  last_id: z.string().nullish(),
});

/** Addresses by user id. */
export async function readUserEmails(reader: AdminReader): Promise<ReadonlyMap<string, string>> {
  const emails = new Map<string, string>();
  let after: string | undefined;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- a page names the next one
    const answer = await readAdmin(reader, {
      path: PATH,
      version: "2026-10-21",
      query: { limit: USERS_PER_PAGE_MAX, after_id: after },
    });
    const parsed = USERS.safeParse(answer);
    if (!parsed.success) throw unexpectedShape({ path: PATH }, parsed.error);
    for (const { id, email } of parsed.data.data) emails.set(id, email);
    const next = parsed.data.last_id ?? undefined;
    if (!parsed.data.has_more || next === undefined || next === after) return emails;
    after = next;
  }
}
