/**
 * What the organization used, request by request: the stand-in's own books, from which its reports
 * are made. Tests add, revise and remove requests; the demo adds what its example uses.
 */
import { createHash } from "node:crypto";
import { addMs, type Instant, instant, MINUTE_MS } from "../../domain/time.ts";
import {
  priceTokens,
  TOKEN_KINDS,
  type TokenKind,
  type Tokens,
  WEB_SEARCH_PICO,
} from "./prices.ts";

export interface LedgerRequest {
  readonly id: string;
  readonly occurredAt: Instant;
  readonly model: string;
  /** The default workspace has an id as well. */
  readonly workspaceId: string;
  readonly apiKeyId: string | null;
  readonly user: { readonly id: string; readonly email: string } | null;
  readonly product: string | null;
  readonly serviceTier: string;
  readonly inferenceGeo: string | null;
  readonly speed: string;
  readonly tokens: Tokens;
  readonly webSearches: number;
}

/** A cost without tokens: container or session time. */
export interface LedgerCost {
  readonly occurredAt: Instant;
  readonly costType: "code_execution" | "session_usage";
  readonly workspaceId: string;
  readonly apiKeyId: string | null;
  readonly pico: bigint;
}

export interface Ledger {
  readonly add: (...requests: readonly LedgerRequest[]) => void;
  readonly addCost: (...costs: readonly LedgerCost[]) => void;
  /** Replaces a request that is in the books; Anthropic does so for up to 30 days. */
  readonly revise: (id: string, change: Partial<LedgerRequest>) => void;
  readonly remove: (id: string) => void;
  /** Up to when the reports are complete. What follows is in them by halves. */
  readonly refreshedAt: (now: Instant) => Instant;
  /** What reports of `now` know of [from, to). */
  readonly entries: (from: Instant, to: Instant, now: Instant) => readonly LedgerEntry[];
  /** List price of everything in [from, to), in pico-dollars: what must come out at the end. */
  readonly listPico: (from: Instant, to: Instant) => bigint;
}

/** A component of an entry's cost. */
export interface CostPart {
  readonly costType: "tokens" | "web_search" | "code_execution" | "session_usage";
  readonly tokenType: TokenKind | null;
  readonly listPico: bigint;
  /** After what was negotiated for this request alone. */
  readonly billedPico: bigint;
}

/** One request or other cost, with what it costs by the list. */
export interface LedgerEntry {
  readonly occurredAt: Instant;
  readonly request: LedgerRequest | undefined;
  readonly workspaceId: string;
  readonly apiKeyId: string | null;
  readonly parts: readonly CostPart[];
}

export function createLedger(
  options: {
    /** How far the reports are behind. */
    readonly lagMs?: number;
    /** What is negotiated, in parts of the list price in a thousand that are taken off. */
    readonly discountOf?: (request: LedgerRequest) => bigint;
    /** Further requests, for those who can tell them without keeping them. */
    readonly also?: (from: Instant, to: Instant) => Iterable<LedgerRequest>;
  } = {},
): Ledger {
  const requests = new Map<string, LedgerRequest>();
  const costs: LedgerCost[] = [];
  const entryOf = (request: LedgerRequest): LedgerEntry =>
    entryOfRequest(request, options.discountOf?.(request) ?? 0n);
  const refreshedAt = (now: Instant): Instant => {
    const at = addMs(now, -(options.lagMs ?? 0)).getTime();
    return instant(at - (at % MINUTE_MS));
  };
  const requestsIn = (from: Instant, to: Instant): readonly LedgerRequest[] => [
    ...[...requests.values()].filter(isWithin(from, to)),
    ...(options.also?.(from, to) ?? []),
  ];
  return {
    add: (...added) => {
      for (const request of added) requests.set(request.id, request);
    },
    addCost: (...added) => {
      costs.push(...added);
    },
    revise: (id, change) => {
      const known = requests.get(id);
      if (known !== undefined) requests.set(id, { ...known, ...change });
    },
    remove: (id) => {
      requests.delete(id);
    },
    refreshedAt,
    entries: (from, to, now) => {
      const end = to < now ? to : now;
      const complete = refreshedAt(now);
      return [
        ...requestsIn(from, end)
          .filter(({ id, occurredAt }) => occurredAt < complete || isSeenEarly(id))
          .map(entryOf),
        ...costs.filter(isWithin(from, end)).map(entryOfCost),
      ];
    },
    listPico: (from, to) =>
      [...requestsIn(from, to).map(entryOf), ...costs.filter(isWithin(from, to)).map(entryOfCost)]
        .flatMap(({ parts }) => parts)
        .reduce((sum, { listPico }) => sum + listPico, 0n),
  };
}

function isWithin(from: Instant, to: Instant) {
  return ({ occurredAt }: { readonly occurredAt: Instant }): boolean =>
    from <= occurredAt && occurredAt < to;
}

/** Of what is not complete yet, some is there already: about every second request. */
function isSeenEarly(id: string): boolean {
  return createHash("sha256").update(id).digest().readUInt8(0) % 2 === 0;
}

function entryOfRequest(request: LedgerRequest, discount: bigint): LedgerEntry {
  const prices = priceTokens(request);
  const costing = (listPico: bigint): Pick<CostPart, "listPico" | "billedPico"> => ({
    listPico,
    billedPico: (listPico * (1_000n - discount)) / 1_000n,
  });
  return {
    occurredAt: request.occurredAt,
    request,
    workspaceId: request.workspaceId,
    apiKeyId: request.apiKeyId,
    // Priority Tier is paid by commitment: its tokens have no cost in the reports.
    parts:
      request.serviceTier === "priority"
        ? []
        : [
            ...TOKEN_KINDS.filter((kind) => request.tokens[kind] > 0).map((kind) => ({
              costType: "tokens" as const,
              tokenType: kind,
              ...costing(prices[kind]),
            })),
            ...(request.webSearches > 0
              ? [
                  {
                    costType: "web_search" as const,
                    tokenType: null,
                    ...costing(WEB_SEARCH_PICO * BigInt(request.webSearches)),
                  },
                ]
              : []),
          ],
  };
}

function entryOfCost({
  occurredAt,
  costType,
  workspaceId,
  apiKeyId,
  pico,
}: LedgerCost): LedgerEntry {
  return {
    occurredAt,
    request: undefined,
    workspaceId,
    apiKeyId,
    parts: [{ costType, tokenType: null, listPico: pico, billedPico: pico }],
  };
}
