/** A page of App Home as facts, for tests that name only what they are about. */

import { addMs, DAY_MS, instant, timeZone } from "../../src/domain/time.ts";
import type { BudgetLine, HomePage } from "../../src/features/home/rules.ts";
import { usd } from "./builders.ts";

export const HOME_NOW = instant("2026-11-23T10:00:00Z");

export function aBudgetLine(given: Partial<BudgetLine> = {}): BudgetLine {
  return {
    raiseValue: "search-monthly",
    periodKind: "monthly",
    limit: usd(500),
    spend: usd(355),
    percent: 71,
    periodEnd: instant("2026-12-01T00:00:00Z"),
    zone: timeZone("UTC"),
    forecast: usd(480),
    ...given,
  };
}

export function aHomePage(given: Partial<HomePage> = {}): HomePage {
  return {
    now: HOME_NOW,
    zone: timeZone("UTC"),
    month: "month",
    spend: { cost: usd(0), previous: usd(0), days: [], models: [] },
    budgets: [],
    waiting: { shown: [], count: 0 },
    attention: [],
    ownRequests: { shown: [], count: 0 },
    organization: undefined,
    teams: { shown: [], count: 0 },
    preferences: "Messages about my spend · no digest · no quiet hours · UTC",
    ...given,
  };
}

export function aWaitingRequest(requestId: string): HomePage["waiting"]["shown"][number] {
  return {
    requestId,
    title: "Search, monthly budget",
    amount: usd(200),
    requester: "bo@acme.test",
    expiresAt: addMs(HOME_NOW, DAY_MS),
  };
}
