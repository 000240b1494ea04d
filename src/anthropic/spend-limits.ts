/**
 * Anthropic's own spend limits, and those of the Claude apps gateway, which speaks the same shapes:
 * what holds for a user, workspace, group or organization, and writing it. Amounts are whole cents.
 */
import { z } from "zod";
import type { CallOutcome, LimitReading, LimitTarget } from "../domain/limit.ts";
import { PICO_PER_USD, type Usd } from "../domain/money.ts";
import { callAdmin } from "./call.ts";
import { usdFromCents } from "./cents.ts";
import type { AdminReader } from "./read.ts";

const PATH = "/v1/organizations/spend_limits";
const LIST_BETA = "spend-limit-reads-2026-09-26";
const LIMITS_PER_PAGE_MAX = 1_000;
/** A cursor that leads nowhere ends somewhere. */
const PAGES_MAX = 100;
const PICO_PER_CENT = PICO_PER_USD / 100n;

/** Null: no cap. */
const centsOrNull = z.union([z.null(), cents()]);

const SCOPE = z.looseObject({ type: z.string() });
const LIMIT = z.object({
  id: z.string(),
  amount: centsOrNull,
  period: z.string(),
  scope: SCOPE,
});
const LIST = z.object({
  data: z.array(LIMIT),
  next_page: z.string().nullish(), // Anthropic's
  has_more: z.boolean().nullish(), // the gateway's
  last_id: z.string().nullish(),
});
export const SPEND_SUMMARY = z.object({
  amount: centsOrNull,
  period: z.string(),
  source: SCOPE,
  spend_limit_id: z.string().nullish(),
  period_to_date_spend: cents(),
  actor: z.looseObject({
    type: z.string(),
    user_id: z.string().nullish(),
    email_address: z.string().nullish(),
  }),
});
const EFFECTIVE = z.object({ data: z.array(SPEND_SUMMARY) });
const USERS = z.object({ data: z.array(z.object({ id: z.string(), email: z.string() })) });

interface Addressed {
  readonly target: LimitTarget;
  readonly period: string;
}

/** What holds for the target; `refused` with `isMissing` when there is no such thing. */
export async function readSpendLimit(
  reader: AdminReader,
  addressed: Addressed,
): Promise<CallOutcome<LimitReading>> {
  return addressed.target.kind === "user"
    ? await readUserLimit(reader, addressed)
    : await readListedLimit(reader, addressed);
}

/** Sets the target's own limit; an upsert, so that sending it twice does no harm. */
export async function writeSpendLimit(
  reader: AdminReader,
  { target, period, amount }: Addressed & { readonly amount: Usd },
): Promise<CallOutcome<unknown>> {
  return await callAdmin(reader, {
    method: "post",
    path: PATH,
    body: { amount: centsText(amount), scope: scopeOf(target), period },
  });
}

/** Takes the target's own limit away, so that it inherits again. Gone already is as good. */
export async function deleteSpendLimit(
  reader: AdminReader,
  limitId: string,
): Promise<CallOutcome<unknown>> {
  const outcome = await callAdmin(reader, { method: "delete", path: `${PATH}/${limitId}` });
  const isGone = outcome.kind === "refused" && outcome.isMissing;
  return isGone ? { kind: "answer", answer: undefined } : outcome;
}

/** The id of a person by their address; undefined when the organization has nobody of it. */
export async function findLimitUser(
  reader: AdminReader,
  { system, email }: { readonly system: "anthropic" | "gateway"; readonly email: string },
): Promise<CallOutcome<string | undefined>> {
  if (system === "anthropic") {
    const outcome = await callAdmin(reader, {
      method: "get",
      path: "/v1/organizations/users",
      query: { email, limit: 20 },
    });
    return checked(
      outcome,
      USERS,
      ({ data }) => data.find((user) => isSame(user.email, email))?.id,
    );
  }
  const outcome = await callAdmin(reader, {
    method: "get",
    path: `${PATH}/effective`,
    query: { q: email, limit: 100 },
  });
  return checked(outcome, EFFECTIVE, ({ data }) => {
    const row = data.find(({ actor }) => isSame(actor.email_address ?? "", email));
    return row?.actor.user_id ?? undefined;
  });
}

async function readUserLimit(
  reader: AdminReader,
  { target, period }: Addressed,
): Promise<CallOutcome<LimitReading>> {
  const outcome = await callAdmin(reader, {
    method: "get",
    path: `${PATH}/effective`,
    query: { user_ids: [target.id], period: [period], limit: 20 },
  });
  const rows = checked(outcome, EFFECTIVE, ({ data }) => data);
  if (rows.kind !== "answer") return rows;
  const row = rows.answer.find((one) => one.period === period);
  if (row === undefined) return missing(`there is no ${period} limit for user ${target.id}`);
  const isOwn = row.source.type === "user";
  return {
    kind: "answer",
    answer: {
      effective: row.amount ?? undefined,
      isOwn,
      limitId: isOwn ? (row.spend_limit_id ?? undefined) : undefined,
    },
  };
}

/** Without one of its own it has none at all: the other scopes inherit nothing. */
async function readListedLimit(
  reader: AdminReader,
  { target, period }: Addressed,
): Promise<CallOutcome<LimitReading>> {
  const isAnthropic = target.system === "anthropic";
  let cursor: string | undefined;
  for (let count = 0; count < PAGES_MAX; count += 1) {
    // oxlint-disable-next-line no-await-in-loop -- a page names the next one
    const outcome = await callAdmin(reader, {
      method: "get",
      path: PATH,
      query: {
        limit: LIMITS_PER_PAGE_MAX,
        ...(isAnthropic ? { scope_type: [target.kind], page: cursor } : { after_id: cursor }),
      },
      beta: LIST_BETA,
    });
    const page = checked(outcome, LIST, (list) => list);
    if (page.kind !== "answer") return page;
    const found = page.answer.data.find(
      (limit) => limit.period === period && isScope(limit.scope, target),
    );
    if (found !== undefined) {
      const { amount, id: limitId } = found;
      return { kind: "answer", answer: { effective: amount ?? undefined, isOwn: true, limitId } };
    }
    const { next_page: nextPage, has_more: hasMore, last_id: lastId } = page.answer;
    const next = isAnthropic ? nextPage : hasMore === true ? lastId : undefined;
    if (typeof next !== "string" || next === cursor) break;
    cursor = next;
  }
  return { kind: "answer", answer: { effective: undefined, isOwn: false } };
}

function isScope(scope: z.infer<typeof SCOPE>, target: LimitTarget): boolean {
  const id = ID_FIELDS[target.kind];
  return scope.type === target.kind && (id === undefined || scope[id] === target.id);
}

const ID_FIELDS: Readonly<Record<string, string>> = {
  user: "user_id",
  workspace: "workspace_id",
  rbac_group: "rbac_group_id",
};

function scopeOf({ kind, id }: LimitTarget): object {
  const field = ID_FIELDS[kind];
  return { type: kind, ...(field === undefined ? {} : { [field]: id }) };
}

/** An answer of another shape leaves it open what was done. */
export function checked<Shape, Answer>(
  outcome: CallOutcome<unknown>,
  shape: z.ZodType<Shape>,
  pick: (parsed: Shape) => Answer,
): CallOutcome<Answer> {
  if (outcome.kind !== "answer") return outcome;
  const parsed = shape.safeParse(outcome.answer);
  if (parsed.success) return { kind: "answer", answer: pick(parsed.data) };
  const [issue] = parsed.error.issues;
  const where = issue === undefined ? "" : ` (${issue.path.join(".")}: ${issue.message})`;
  return { kind: "doubt", message: `The answer is not shaped as Anthropic documents it${where}.` };
}

export function missing(message: string): CallOutcome<never> {
  return { kind: "refused", isMissing: true, message };
}

function isSame(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}

/** Whole cents; a limit is a round amount long before it gets here. */
export function centsText(amount: Usd): string {
  return String(amount / PICO_PER_CENT);
}

function cents() {
  return z.string().transform((text, context): Usd => {
    const amount = usdFromCents(text);
    if (amount !== undefined) return amount;
    context.addIssue({ code: "custom", message: "expected cents as a decimal" });
    return z.NEVER;
  });
}
