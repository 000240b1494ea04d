/** Requests of Claude Enterprise's members for a higher spend limit: listing, approving, denying. */
import { z } from "zod";
import type { CallOutcome } from "../domain/limit.ts";
import type { Usd } from "../domain/money.ts";
import { type Instant, instant } from "../domain/time.ts";
import { callAdmin } from "./call.ts";
import type { AdminReader } from "./read.ts";
import { centsText, checked, missing, SPEND_SUMMARY } from "./spend-limits.ts";

const PATH = "/v1/organizations/spend_limit_increase_requests";
const REQUESTS_PER_PAGE_MAX = 100;
/** More than this are pending nowhere; a cursor that leads nowhere ends somewhere. */
const PAGES_MAX = 50;

export interface IncreaseRequest {
  readonly id: string;
  readonly status: "pending" | "approved" | "denied";
  readonly period: string;
  readonly userId: string;
  readonly email: string | undefined;
  /** Undefined: Anthropic does not tell at the moment, or the request is resolved. */
  readonly summary: { readonly limit: Usd | undefined; readonly spend: Usd } | undefined;
  readonly createdAt: Instant;
  readonly resolvedAt: Instant | undefined;
}

const REQUEST = z
  .object({
    id: z.string(),
    status: z.enum(["pending", "approved", "denied"]),
    period: z.string(),
    actor: z.looseObject({
      type: z.string(),
      user_id: z.string().nullish(),
      email_address: z.string().nullish(),
    }),
    created_at: z.iso.datetime({ offset: true }),
    resolved_at: z.iso.datetime({ offset: true }).nullish(),
    spend_summary: SPEND_SUMMARY.nullish(),
  })
  .transform(
    (given): IncreaseRequest => ({
      id: given.id,
      status: given.status,
      period: given.period,
      userId: given.actor.user_id ?? "",
      email: given.actor.email_address ?? undefined,
      summary:
        given.spend_summary === null || given.spend_summary === undefined
          ? undefined
          : {
              limit: given.spend_summary.amount ?? undefined,
              spend: given.spend_summary.period_to_date_spend,
            },
      createdAt: instant(given.created_at),
      resolvedAt: typeof given.resolved_at === "string" ? instant(given.resolved_at) : undefined,
    }),
  );
const LIST = z.object({ data: z.array(REQUEST), next_page: z.string().nullish() });

/** All that are pending now, or how the asking failed: never a part of them. */
export async function listPendingIncreases(
  reader: AdminReader,
): Promise<CallOutcome<readonly IncreaseRequest[]>> {
  const requests: IncreaseRequest[] = [];
  let page: string | undefined;
  for (let count = 0; count < PAGES_MAX; count += 1) {
    // oxlint-disable-next-line no-await-in-loop -- a page names the next one
    const outcome = await callAdmin(reader, {
      method: "get",
      path: PATH,
      query: { status: ["pending"], limit: REQUESTS_PER_PAGE_MAX, page },
    });
    const list = checked(outcome, LIST, (one) => one);
    if (list.kind !== "answer") return list;
    requests.push(...list.answer.data);
    const next = list.answer.next_page;
    if (typeof next !== "string") return { kind: "answer", answer: requests };
    page = next;
  }
  return { kind: "doubt", message: "Anthropic lists pending requests without an end." };
}

export async function findIncrease(
  reader: AdminReader,
  id: string,
): Promise<CallOutcome<IncreaseRequest>> {
  if (!isId(id)) return missing(`${id} is no request`);
  const outcome = await callAdmin(reader, { method: "get", path: `${PATH}/${id}` });
  return checked(outcome, REQUEST, (request) => request);
}

/** Sets the member's limit to `limit`. Sent once; they hear of it from us, not by mail. */
export async function approveIncrease(
  reader: AdminReader,
  { id, limit, period }: { readonly id: string; readonly limit: Usd; readonly period: string },
): Promise<CallOutcome<unknown>> {
  if (!isId(id)) return missing(`${id} is no request`);
  return await callAdmin(reader, {
    method: "post",
    path: `${PATH}/${id}/approve`,
    body: { amount: centsText(limit), period, suppress_notification: true },
  });
}

/** Sent once; denying what is denied already changes nothing. */
export async function denyIncrease(reader: AdminReader, id: string): Promise<CallOutcome<unknown>> {
  if (!isId(id)) return missing(`${id} is no request`);
  return await callAdmin(reader, {
    method: "post",
    path: `${PATH}/${id}/deny`,
    body: { suppress_notification: true },
  });
}

/** It becomes part of a path. */
function isId(id: string): boolean {
  return /^[A-Za-z0-9_-]{1,100}$/.test(id);
}
