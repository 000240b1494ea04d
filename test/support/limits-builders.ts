/** Stand-ins of the systems that keep limits, on free ports, and deps that speak to them. */
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { afterAll } from "vitest";
import type { AdminReader } from "../../src/anthropic/read.ts";
import type { CallOutcome } from "../../src/domain/limit.ts";
import {
  increaseDesk,
  litellmKeeper,
  spendLimitKeeper,
} from "../../src/features/limits/flow/keepers.ts";
import type { LimitDeps } from "../../src/features/limits/flow/step.ts";
import { anthropicAdminSandbox } from "../../src/sandbox/anthropic/admin-api.ts";
import { type AdminFaults, createAdminFaults } from "../../src/sandbox/anthropic/faults.ts";
import { increaseRequestRoutes } from "../../src/sandbox/anthropic/increase-requests.ts";
import type { OrganizationKind } from "../../src/sandbox/anthropic/route.ts";
import {
  createSpendLimitBook,
  type SpendLimitBook,
} from "../../src/sandbox/anthropic/spend-limit-book.ts";
import { spendLimitRoutes } from "../../src/sandbox/anthropic/spend-limits.ts";
import { type GatewaySandbox, gatewaySandbox } from "../../src/sandbox/gateway/spend-limits.ts";
import { type LitellmSandbox, litellmSandbox } from "../../src/sandbox/litellm/management-api.ts";
import type { Database } from "../../src/store/database.ts";
import type { ManualClock } from "./clock.ts";

export const LIMIT_KEY = "sk-ant-admin01-limits";
const MASTER_KEY = "sk-1234";
export const BO_ID = "user_01BO";
const SCOPES = ["read:members", "read:spend_limits", "write:spend_limits"];

/** Listens until the file's tests are over. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${String(port)}`;
}

function aReader(baseUrl: string, key = LIMIT_KEY): AdminReader {
  return {
    access: { key, baseUrl },
    takeTurn: async () => await Promise.resolve(),
    requireOrganization: async () => await Promise.resolve(),
    holdBack: async () => await Promise.resolve(),
    wait: async () => await Promise.resolve(),
    signal: new AbortController().signal,
  };
}

export interface LimitWorld {
  readonly book: SpendLimitBook;
  readonly faults: AdminFaults;
  readonly litellm: LitellmSandbox;
  readonly gateway: GatewaySandbox;
  readonly reader: AdminReader;
  readonly root: string;
  readonly deps: (database: Database) => LimitDeps;
}

/** Anthropic with one member, LiteLLM with team search, a gateway with one user. */
export async function limitWorld(
  manual: ManualClock,
  options: { readonly kind?: OrganizationKind; readonly isPreview?: boolean } = {},
): Promise<LimitWorld> {
  const kind = options.kind ?? "enterprise";
  const { clock } = manual;
  const book = createSpendLimitBook({
    members: [{ id: BO_ID, email: "bo@acme.test", name: "Bo Chen", seatTier: "standard" }],
    seatTiers: kind === "enterprise" ? { standard: "50000" } : {},
    now: clock(),
  });
  const faults = createAdminFaults();
  const root = await serve(
    anthropicAdminSandbox({
      prefix: "",
      adminKey: LIMIT_KEY,
      clock: () => manual.advance(1_001), // Never more than 60 a minute.
      kind,
      scopes: SCOPES,
      faults,
      directory: {
        workspaces: [],
        defaultWorkspaceId: "wrkspc_default",
        apiKeys: [],
        users: [{ id: BO_ID, email: "bo@acme.test", name: "Bo Chen" }],
      },
      routes: [
        ...spendLimitRoutes({
          book,
          kind,
          workspaceIds: ["wrkspc_01"],
          ...(options.isPreview === undefined ? {} : { isPreview: options.isPreview }),
        }),
        ...increaseRequestRoutes(book),
      ],
    }),
  );
  const litellm = litellmSandbox({
    prefix: "",
    masterKey: MASTER_KEY,
    budgets: { "team:search": 500, "user:bo@acme.test": 40.1, "key:free": null, "budget:b": 7 },
  });
  const gateway = gatewaySandbox({
    prefix: "",
    adminKey: LIMIT_KEY,
    clock,
    users: { "oidc|bo": { email: "bo@acme.test" } },
  });
  const litellmUrl = await serve(litellm.listener);
  const gatewayUrl = await serve(gateway.listener);
  const reader = aReader(root);
  const { signal } = reader;
  return {
    book,
    faults,
    litellm,
    gateway,
    reader,
    root,
    deps: (database) => ({
      database,
      clock,
      log: pino({ level: "silent" }),
      keepers: {
        anthropic: spendLimitKeeper(reader, "anthropic"),
        litellm: litellmKeeper({ baseUrl: litellmUrl, key: MASTER_KEY, signal }),
        gateway: spendLimitKeeper(aReader(gatewayUrl), "gateway"),
      },
      desk: increaseDesk(reader),
    }),
  };
}

/** The same outcome, but the answer got lost on the way. */
export function lost<Answer>(): CallOutcome<Answer> {
  return { kind: "doubt", message: "the answer got lost" };
}
