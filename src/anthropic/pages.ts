/** All pages of a report, checked: what is not shaped as documented is never taken for numbers. */
import { z } from "zod";
import { AppError } from "../domain/errors.ts";
import { type AdminQuestion, type AdminReader, readAdmin } from "./read.ts";

/** More pages than any window of ours has: a cursor that leads nowhere ends somewhere. */
const PAGES_MAX = 10_000;

const ENVELOPE = z.object({
  has_more: z.boolean(),
  next_page: z.string().min(1).nullish(),
  data_refreshed_at: z.iso.datetime({ offset: true }).nullish(),
});

export interface Pages<Item> {
  readonly items: readonly Item[];
  /** The earliest that a page named. */
  readonly dataRefreshedAt: Date | undefined;
}

/** Reads page after page until there is none; `item` is the shape of one element of `data`. */
export async function readPages<Item>(
  reader: AdminReader,
  question: AdminQuestion,
  item: z.ZodType<Item>,
): Promise<Pages<Item>> {
  const shape = ENVELOPE.extend({ data: z.array(item) });
  const items: Item[] = [];
  const refreshed: number[] = [];
  let page: string | undefined;
  for (let count = 0; count < PAGES_MAX; count += 1) {
    // oxlint-disable-next-line no-await-in-loop -- a page names the next one
    const answer = await readAdmin(reader, { ...question, query: { ...question.query, page } });
    const parsed = shape.safeParse(answer);
    if (!parsed.success) throw unexpectedShape(question, parsed.error);
    items.push(...parsed.data.data);
    const { data_refreshed_at: at, next_page: next, has_more: hasMore } = parsed.data;
    if (typeof at === "string") refreshed.push(Date.parse(at));
    if (!hasMore) {
      return {
        items,
        dataRefreshedAt: refreshed.length === 0 ? undefined : new Date(Math.min(...refreshed)),
      };
    }
    if (typeof next !== "string" || next === page) break;
    page = next;
  }
  throw new AppError({
    code: "unavailable",
    retryable: true,
    message: `${question.path}: Anthropic says that there is more and not where.`,
  });
}

/** Not retryable: the same question gets the same shape, and guessing would make wrong numbers. */
export function unexpectedShape(
  { path }: Pick<AdminQuestion, "path">,
  cause: z.ZodError,
): AppError {
  const [issue] = cause.issues;
  const where = issue === undefined ? "" : `: ${issue.path.join(".")}: ${issue.message}`;
  return new AppError({
    code: "unavailable",
    message: `${path} did not answer as Anthropic documents it${where}. Nothing of it was taken. Check ANTHROPIC_BASE_URL, or whether there is a newer version of Claude Spend.`,
    cause,
  });
}
