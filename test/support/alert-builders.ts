/** Alerts for tests: each valid, so that a test names only what it is about. */
import type { AlertFact } from "../../src/domain/alert.ts";
import { instant } from "../../src/domain/time.ts";
import type { ShownThread } from "../../src/features/alerts/messages/thread.ts";
import { type Alert, type Thread, UNTOUCHED } from "../../src/features/alerts/rules.ts";
import { usd } from "./builders.ts";

const NOVEMBER = {
  start: instant("2026-11-01T00:00:00Z"),
  end: instant("2026-12-01T00:00:00Z"),
};

export function anAlertFact(overrides: Partial<AlertFact> = {}): AlertFact {
  return {
    kind: "spike",
    factKey: "spike:team:search:1",
    threadKey: "spike:team:search",
    scope: { kind: "team", key: "search" },
    severity: "warning",
    period: NOVEMBER,
    content: {
      happened: [{ strong: "Search" }, " spends ", { strong: "4 times" }, " what is normal."],
      brief: "4 times normal",
      follows: "At this pace $120.00 by midnight.",
      drivers: { by: "project", top: [{ name: "checkout", cost: usd(31), normal: usd(4) }] },
    },
    ...overrides,
  };
}

export function anAlert(overrides: Partial<Alert> = {}): Alert {
  const { silentBecause: _, excess: __, ...fact } = anAlertFact();
  return {
    ...fact,
    alertId: "01930000-0000-7000-8000-000000000001",
    number: 1n,
    foundAt: instant("2026-11-21T00:00:00Z"),
    notSentBecause: undefined,
    ...overrides,
  };
}

export function aThread(overrides: Partial<Thread> = {}): Thread {
  return {
    threadKey: "spike:team:search",
    threadId: "01930000-0000-7000-8000-0000000000aa",
    scope: { kind: "team", key: "search" },
    periodEnd: NOVEMBER.end,
    revision: 0,
    resolved: undefined,
    ...overrides,
  };
}

export function aShownThread(overrides: Partial<ShownThread> = {}): ShownThread {
  return {
    thread: aThread(),
    alerts: [anAlert()],
    state: UNTOUCHED,
    now: instant("2026-11-21T00:00:00Z"),
    ...overrides,
  };
}
