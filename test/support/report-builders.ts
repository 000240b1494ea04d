/** Anthropic's side of a test: an organization's ledger behind the strict fake, and a pull of it. */
import { createHash } from "node:crypto";
import { pino } from "pino";
import { addMs, type Instant, instant } from "../../src/domain/time.ts";
import { createIngestMemory } from "../../src/features/ingest/index.ts";
import {
  type Metering,
  type OrganizationKind,
  type PullReportsDeps,
  pullReports,
  type ReportOutcome,
} from "../../src/features/provider-reports/index.ts";
import { anthropicAdminSandbox } from "../../src/sandbox/anthropic/admin-api.ts";
import {
  EMPTY_DIRECTORY,
  type OrganizationDirectory,
} from "../../src/sandbox/anthropic/directory.ts";
import { type AdminFaults, createAdminFaults } from "../../src/sandbox/anthropic/faults.ts";
import {
  createLedger,
  type Ledger,
  type LedgerRequest,
} from "../../src/sandbox/anthropic/ledger.ts";
import type { Database } from "../../src/store/database.ts";
import { listening } from "../sandbox/anthropic/listening.ts";
import { type ManualClock, manualClock } from "./clock.ts";

export const ADMIN_KEY = "sk-ant-admin01-sandbox";
export const BO = { id: "user_bo", email: "bo@acme.test" };
export const ANA = { id: "user_ana", email: "ana@acme.test" };
const PREFIX = "/sandbox/anthropic";

let requests = 0;

/** A request of Bo's to Opus with a little of everything, unless the test says otherwise. */
export function aRequest(
  at: string | Instant,
  parts: Partial<Omit<LedgerRequest, "tokens" | "occurredAt">> & {
    readonly tokens?: Partial<LedgerRequest["tokens"]>;
  } = {},
): LedgerRequest {
  requests += 1;
  return {
    id: `req_${String(requests)}`,
    occurredAt: instant(at),
    model: "claude-opus-5-5",
    workspaceId: "wrkspc_search",
    apiKeyId: "apikey_rag",
    user: BO,
    product: "messages_api",
    serviceTier: "standard",
    inferenceGeo: "global",
    speed: "standard",
    webSearches: 0,
    ...parts,
    tokens: {
      uncached_input_tokens: 1_001,
      output_tokens: 503,
      cache_read_input_tokens: 20_011,
      "cache_creation.ephemeral_5m_input_tokens": 307,
      "cache_creation.ephemeral_1h_input_tokens": 101,
      ...parts.tokens,
    },
  };
}

/** Numbers that look random and are the same in every run. */
function numbers(seed: string): (below: number) => number {
  let count = 0;
  return (below) => {
    count += 1;
    const digest = createHash("sha256")
      .update(`${seed} ${String(count)}`)
      .digest();
    return digest.readUInt32BE(0) % below;
  };
}

/** Requests of every kind, spread over [from, to). */
export function manyRequests(
  window: { readonly from: Instant; readonly to: Instant },
  count: number,
): LedgerRequest[] {
  const next = numbers("ledger");
  const pick = <T>(values: readonly [T, ...T[]]): T => values[next(values.length)] ?? values[0];
  const lengthMs = window.to.getTime() - window.from.getTime();
  return Array.from({ length: count }, () => {
    const isBatch = next(5) === 0;
    return aRequest(addMs(window.from, next(lengthMs)), {
      model: pick(["claude-opus-5-5", "claude-haiku-5-5", "claude-sonnet-5-5", "claude-fable-5-2"]),
      workspaceId: pick(["wrkspc_search", "wrkspc_support", "wrkspc_default"]),
      apiKeyId: pick(["apikey_rag", "apikey_ci", null]),
      user: pick([BO, ANA, null]),
      product: pick(["messages_api", "claude_code"]),
      serviceTier: isBatch ? "batch" : "standard",
      inferenceGeo: pick(["global", "us", null]),
      speed: "standard",
      webSearches: next(4) === 0 ? next(5) : 0,
      tokens: {
        uncached_input_tokens: next(150_000),
        output_tokens: next(3_000),
        cache_read_input_tokens: next(40_000),
        "cache_creation.ephemeral_5m_input_tokens": next(2) * next(9_000),
        "cache_creation.ephemeral_1h_input_tokens": next(2) * next(9_000),
      },
    });
  });
}

export interface FakeAnthropic {
  readonly baseUrl: string;
  readonly ledger: Ledger;
  readonly faults: AdminFaults;
  readonly time: ManualClock;
  /** Paths and queries that were asked for, the answered ones and the refused ones. */
  readonly asked: URL[];
  /** Statuses of all answers, in their order. */
  readonly statuses: number[];
}

export async function fakeAnthropic(
  options: {
    readonly now?: string;
    readonly kind?: OrganizationKind;
    readonly scopes?: readonly string[];
    readonly ledger?: Ledger;
    readonly time?: ManualClock;
    readonly directory?: Partial<OrganizationDirectory>;
    readonly discountPercent?: number;
    readonly organization?: { readonly id: string; readonly name: string };
  } = {},
): Promise<FakeAnthropic> {
  const time = options.time ?? manualClock(options.now ?? "2026-11-23T10:00:00Z");
  const ledger = options.ledger ?? createLedger();
  const faults = createAdminFaults();
  const asked: URL[] = [];
  const statuses: number[] = [];
  const listener = anthropicAdminSandbox({
    prefix: PREFIX,
    adminKey: ADMIN_KEY,
    clock: time.clock,
    ledger,
    faults,
    directory: {
      ...EMPTY_DIRECTORY,
      users: [BO, ANA].map((user) => ({ ...user, name: user.email })),
      ...options.directory,
    },
    ...(options.kind === undefined ? {} : { kind: options.kind }),
    ...(options.scopes === undefined ? {} : { scopes: options.scopes }),
    ...(options.organization === undefined ? {} : { organization: options.organization }),
    ...(options.discountPercent === undefined ? {} : { discountPercent: options.discountPercent }),
  });
  const root = await listening((request, response) => {
    asked.push(new URL(request.url ?? "/", "http://fake"));
    response.on("finish", () => statuses.push(response.statusCode));
    listener(request, response);
  });
  return { baseUrl: `${root}${PREFIX}`, ledger, faults, time, asked, statuses };
}

/** A replica that pulls from the fake. Waiting moves the clock. */
export function puller(
  database: Database,
  fake: FakeAnthropic,
  options: {
    readonly kind?: OrganizationKind;
    readonly metering?: Metering;
    readonly holder?: string;
  } & Partial<PullReportsDeps> = {},
): PullReportsDeps {
  const { kind = "console", metering = "off", ...overrides } = options;
  return {
    database,
    clock: fake.time.clock,
    log: pino({ level: "silent" }),
    ingestMemory: createIngestMemory(),
    holder: "replica-1",
    settings: { access: { key: ADMIN_KEY, baseUrl: fake.baseUrl }, kind, metering },
    signal: new AbortController().signal,
    wait: async (ms) => {
      fake.time.advance(ms);
      await Promise.resolve();
    },
    ...overrides,
  };
}

/** Pulls, and fails the test when a report could not be read. */
export async function pullAll(
  deps: PullReportsDeps,
  asked?: Parameters<typeof pullReports>[1],
): Promise<readonly ReportOutcome[]> {
  const outcomes = await pullReports(deps, asked);
  const failed = outcomes.find((outcome) => outcome.kind === "failed");
  if (failed !== undefined) throw new Error(`${failed.report}: ${failed.error}`);
  return outcomes;
}
