/**
 * Anthropic as the demo has it: a Claude Enterprise organization with the books of the example, in
 * which somebody waits for a higher spend limit. Known secrets; listens where the demo listens.
 */
import type { RequestListener } from "node:http";
import { addMs, type Clock, HOUR_MS } from "../domain/time.ts";
import { anthropicAdminSandbox } from "../sandbox/anthropic/admin-api.ts";
import { increaseRequestRoutes } from "../sandbox/anthropic/increase-requests.ts";
import type { Ledger } from "../sandbox/anthropic/ledger.ts";
import { createSpendLimitBook } from "../sandbox/anthropic/spend-limit-book.ts";
import { spendLimitRoutes } from "../sandbox/anthropic/spend-limits.ts";

const ADMIN_KEY = "sk-ant-admin01-demo";
const ANTHROPIC_PREFIX = "/sandbox/anthropic";
const KIND = "enterprise";
/** In cents; Bo has nearly used his up, and asked for more two hours ago. */
const SEAT_LIMIT = "20000";
const SPENT = "18640";
const BO = { id: "user_01BOCHEN", email: "bo@acme.test", name: "Bo Chen", seatTier: "standard" };
const MEMBERS = [
  BO,
  { id: "user_01ANASILVA", email: "ana@acme.test", name: "Ana Silva", seatTier: "standard" },
];

/** What the bot is told about it, as in the environment. */
export function anthropicSettings(url: string): Readonly<Record<string, string>> {
  return {
    ANTHROPIC_ADMIN_KEY: ADMIN_KEY,
    ANTHROPIC_ORG_KIND: KIND,
    ANTHROPIC_BASE_URL: `${url}${ANTHROPIC_PREFIX}`,
  };
}

export function demoAnthropic({
  clock,
  ledger,
}: {
  readonly clock: Clock;
  readonly ledger: Ledger;
}): { readonly matches: (path: string) => boolean; readonly listener: RequestListener } {
  const book = createSpendLimitBook({
    members: MEMBERS,
    seatTiers: { standard: SEAT_LIMIT },
    now: clock(),
  });
  book.setSpend(BO.id, SPENT);
  book.askForMore(BO.id, addMs(clock(), -2 * HOUR_MS));
  const listener = anthropicAdminSandbox({
    prefix: ANTHROPIC_PREFIX,
    adminKey: ADMIN_KEY,
    clock,
    kind: KIND,
    scopes: ["read:analytics", "read:members", "read:spend_limits", "write:spend_limits"],
    ledger,
    routes: [
      ...spendLimitRoutes({ book, kind: KIND, workspaceIds: [] }),
      ...increaseRequestRoutes(book),
    ],
  });
  return { matches: (path) => path.startsWith(`${ANTHROPIC_PREFIX}/`), listener };
}
