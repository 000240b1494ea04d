/**
 * Anthropic as the demo has it: a Claude Enterprise organization with the books of the example, in
 * which somebody waits for a higher spend limit. Known secrets; listens where the demo listens.
 */
import type { RequestListener } from "node:http";
import { addMs, type Clock, HOUR_MS, type Instant, instant } from "../domain/time.ts";
import { anthropicAdminSandbox } from "../sandbox/anthropic/admin-api.ts";
import { increaseRequestRoutes } from "../sandbox/anthropic/increase-requests.ts";
import type { Ledger } from "../sandbox/anthropic/ledger.ts";
import { PICO_PER_CENT } from "../sandbox/anthropic/prices.ts";
import { createSpendLimitBook } from "../sandbox/anthropic/spend-limit-book.ts";
import { spendLimitRoutes } from "../sandbox/anthropic/spend-limits.ts";

const ADMIN_KEY = "sk-ant-admin01-demo";
const ANTHROPIC_PREFIX = "/sandbox/anthropic";
const KIND = "enterprise";
/** In cents; Bo has nearly used his up, and asked for more two hours ago. */
const SEAT_LIMIT_STEP = 5_000n;
/** What he will use while one watches. */
const EPISODE_CENTS = 6_000n;
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
  now = clock(),
}: {
  readonly clock: Clock;
  readonly ledger: Ledger;
  /** Until when the ledger has been written; the bot's clock may be behind. */
  readonly now?: Instant;
}): {
  readonly matches: (path: string) => boolean;
  readonly listener: RequestListener;
  /** Once the bot knows what Bo used: it tells both figures of one moment. */
  readonly letBoAsk: () => void;
} {
  const book = createSpendLimitBook({
    members: MEMBERS,
    seatTiers: { standard: seatLimit(spentCents(ledger, BO.id, now)) },
    now: clock(),
    spendOf: (userId) => String(spentCents(ledger, userId, clock())),
  });
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
  const letBoAsk = (): void => {
    book.askForMore(BO.id, addMs(clock(), -2 * HOUR_MS));
  };
  return { matches: (path) => path.startsWith(`${ANTHROPIC_PREFIX}/`), listener, letBoAsk };
}

/** The next round number beyond what Bo needs. */
function seatLimit(spent: bigint): string {
  return String(((spent + EPISODE_CENTS) / SEAT_LIMIT_STEP + 1n) * SEAT_LIMIT_STEP);
}

/** What the books have of a member this month: the same that the reports say, and the bot measures. */
function spentCents(ledger: Ledger, userId: string, now: Instant): bigint {
  const email = MEMBERS.find(({ id }) => id === userId)?.email;
  const start = instant(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1));
  const pico = ledger
    .entries(start, now, now)
    .filter(({ request }) => email !== undefined && request?.user?.email === email)
    .flatMap(({ parts }) => parts)
    .reduce((sum, { billedPico }) => sum + billedPico, 0n);
  return pico / PICO_PER_CENT;
}
