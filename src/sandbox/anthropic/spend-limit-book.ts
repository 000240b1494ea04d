/**
 * What the stand-in for Anthropic's spend limits keeps: limits by scope and period, what each member
 * has spent, and their requests for more. `spend-limits.ts` and `increase-requests.ts` answer from it.
 */
import type { Instant } from "../../domain/time.ts";

export type LimitScope =
  | { readonly type: "user"; readonly user_id: string }
  | { readonly type: "seat_tier"; readonly seat_tier: string }
  | { readonly type: "organization" }
  | { readonly type: "workspace"; readonly workspace_id: string }
  | { readonly type: "usage_tier" };

export interface SpendLimitObject {
  readonly type: "spend_limit";
  readonly id: string;
  /** Whole cents; null: no cap. */
  readonly amount: string | null;
  readonly currency: "USD";
  readonly period: string;
  readonly scope: LimitScope;
  readonly is_enabled: boolean;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface LimitMember {
  readonly id: string;
  readonly email: string | null;
  readonly name: string | null;
  readonly seatTier: string;
}

export interface IncreaseRequestState {
  readonly id: string;
  readonly member: LimitMember;
  readonly period: string;
  readonly createdAt: Instant;
  readonly status: "pending" | "approved" | "denied";
  readonly resolvedAt: Instant | undefined;
  readonly resolvedBy: object | undefined;
}

export interface SpendLimitBook {
  readonly members: readonly LimitMember[];
  readonly limits: () => readonly SpendLimitObject[];
  readonly requests: () => readonly IncreaseRequestState[];
  /** Upsert on scope and period, as the API does it; also what another admin does in the Console. */
  readonly setLimit: (scope: LimitScope, amount: string | null, now: Instant) => SpendLimitObject;
  /** False when there was none. */
  readonly removeLimit: (id: string) => boolean;
  readonly setSpend: (userId: string, cents: string) => void;
  readonly spendOf: (userId: string) => string;
  /** What a member does in claude.ai; undefined when one of theirs is pending already. */
  readonly askForMore: (userId: string, now: Instant) => string | undefined;
  readonly resolve: (
    id: string,
    as: "approved" | "denied",
    by: { readonly actor: object; readonly now: Instant },
  ) => void;
  /** A member leaves: their requests are listed no more. */
  readonly removeMember: (userId: string) => void;
  /** Requests that changed something, in order: what a test counts. */
  readonly writes: string[];
}

export const MONTHLY = "monthly";

export function createSpendLimitBook(options: {
  readonly members: readonly LimitMember[];
  /** Cents by seat tier; null: unlimited. */
  readonly seatTiers: Readonly<Record<string, string | null>>;
  readonly now: Instant;
  /** Cents that a member spent, where somebody else knows it. */
  readonly spendOf?: (userId: string) => string;
}): SpendLimitBook {
  let members = [...options.members];
  let limits: readonly SpendLimitObject[] = [];
  let requests: readonly IncreaseRequestState[] = [];
  const spend = new Map<string, string>();
  const newId = idMaker();
  const setLimit: SpendLimitBook["setLimit"] = (scope, amount, now) => {
    const known = limits.find((one) => sameScope(one.scope, scope));
    const written: SpendLimitObject = {
      type: "spend_limit",
      id: known?.id ?? newId("spl"),
      amount,
      currency: "USD",
      period: MONTHLY,
      scope,
      is_enabled: true,
      created_at: known?.created_at ?? now.toISOString(),
      updated_at: now.toISOString(),
    };
    limits = [...limits.filter((one) => one !== known), written];
    return written;
  };
  for (const [tier, amount] of Object.entries(options.seatTiers)) {
    setLimit({ type: "seat_tier", seat_tier: tier }, amount, options.now);
  }
  return {
    get members() {
      return members;
    },
    limits: () => limits,
    requests: () => requests.filter(({ member }) => members.some((one) => one.id === member.id)),
    setLimit,
    removeLimit: (id) => {
      const before = limits.length;
      limits = limits.filter((one) => one.id !== id);
      return limits.length < before;
    },
    setSpend: (userId, cents) => spend.set(userId, cents),
    spendOf: (userId) => spend.get(userId) ?? options.spendOf?.(userId) ?? "0",
    askForMore: (userId, now) => {
      const member = members.find(({ id }) => id === userId);
      const isWaiting = requests.some(
        (one) => one.member.id === userId && one.status === "pending",
      );
      if (member === undefined || isWaiting) return undefined;
      const request = newRequest(newId("slir"), member, now);
      requests = [request, ...requests];
      return request.id;
    },
    resolve: (id, status, { actor, now }) => {
      requests = requests.map((one) =>
        one.id === id ? { ...one, status, resolvedAt: now, resolvedBy: actor } : one,
      );
    },
    removeMember: (userId) => {
      members = members.filter(({ id }) => id !== userId);
    },
    writes: [],
  };
}

function idMaker(): (prefix: string) => string {
  let ids = 0;
  return (prefix) => {
    ids += 1;
    return `${prefix}_01${String(ids).padStart(22, "0")}`;
  };
}

function newRequest(id: string, member: LimitMember, createdAt: Instant): IncreaseRequestState {
  const unresolved = { resolvedAt: undefined, resolvedBy: undefined };
  return { id, member, period: MONTHLY, createdAt, status: "pending", ...unresolved };
}

function sameScope(left: LimitScope, right: LimitScope): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

/** The limit that holds for a member: their own, else their seat tier's, else the organization's. */
function effectiveLimit(book: SpendLimitBook, member: LimitMember): SpendLimitObject | undefined {
  const scopes: readonly LimitScope[] = [
    { type: "user", user_id: member.id },
    { type: "seat_tier", seat_tier: member.seatTier },
    { type: "organization" },
  ];
  return scopes
    .map((scope) => book.limits().find((one) => sameScope(one.scope, scope)))
    .find((one) => one !== undefined);
}

export function userActor(member: LimitMember): object {
  return {
    type: "user_actor",
    user_id: member.id,
    name: member.name,
    email_address: member.email,
    deleted: false,
  };
}

/** Undefined for a member without any limit of any kind. */
export function spendSummary(book: SpendLimitBook, member: LimitMember): object | undefined {
  const limit = effectiveLimit(book, member);
  if (limit === undefined) return undefined;
  return {
    scope: { type: "user", user_id: member.id },
    actor: userActor(member),
    amount: limit.amount,
    currency: "USD",
    period: limit.period,
    source: limit.scope,
    spend_limit_id: limit.id,
    period_to_date_spend: book.spendOf(member.id),
  };
}
