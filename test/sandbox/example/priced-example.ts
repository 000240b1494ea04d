/**
 * What the example costs, by the program's own parser, allocation, price list and the discounts of
 * the example's governance: the tests ask it what the demo will have to say.
 */
import { assert } from "../../../src/domain/assert.ts";
import { sumUsd, type Usd } from "../../../src/domain/money.ts";
import { type Instant, instant } from "../../../src/domain/time.ts";
import type { UsageEvent } from "../../../src/domain/usage.ts";
import { allocateEvent } from "../../../src/features/allocation/index.ts";
import { parseGovernance } from "../../../src/features/governance/index.ts";
import { parseNativeEvent } from "../../../src/features/ingest/native-event.ts";
import {
  type Discount,
  parseDiscountPercent,
  priceUsage,
} from "../../../src/features/pricing/index.ts";
import type { ExampleStory } from "../../../src/sandbox/example/calendar.ts";
import { exampleGovernance } from "../../../src/sandbox/example/governance.ts";
import type { NativeEvent } from "../../../src/sandbox/example/native-event.ts";

export function aStory(toldAt = "2026-11-23T10:00:00Z", seed = "test"): ExampleStory {
  return { seed, toldAt: instant(toldAt), episodeAt: instant(toldAt) };
}

const parsed = parseGovernance(
  exampleGovernance({
    past: instant("2026-11-22T20:00:00Z"),
    now: instant("2026-11-23T10:00:00Z"),
  }),
);
assert(parsed.ok, "the example's governance can be read");
export const governance = parsed.governance;

const discounts = governance.discounts.map((discount): Discount => {
  const share = parseDiscountPercent(discount.percent);
  assert(share !== undefined, "a discount is a percentage");
  return {
    modelPattern: discount.modelPattern,
    workspaceId: discount.workspaceId,
    share,
    validFrom: discount.from,
    validUntil: discount.until,
  };
});

const membershipsByEmail = new Map<string, string[]>();
for (const team of governance.teams) {
  for (const email of [...team.owners, ...team.members]) {
    membershipsByEmail.set(email, [...(membershipsByEmail.get(email) ?? []), team.key]);
  }
}
const context = {
  rules: governance.allocation,
  isSourceTrusted: true,
  membershipsByEmail,
  teamByProject: new Map(
    governance.teams.flatMap((team) => team.projects.map((project) => [project, team.key])),
  ),
};

export interface PricedEvent {
  readonly event: UsageEvent;
  readonly team: string | undefined;
  readonly project: string | undefined;
  readonly isKnownModel: boolean;
  readonly cost: Usd;
}

/** Takes an event the whole way that the bot takes it; a rejection is a bug of the example. */
export function priced(native: NativeEvent, now: Instant): PricedEvent {
  const result = parseNativeEvent(JSON.parse(JSON.stringify(native)), {
    index: 0,
    source: "default",
    now,
  });
  assert(
    result.kind === "event",
    result.kind === "rejected" ? result.rejection.message : "an event",
  );
  const { event } = result;
  const usage = priceUsage({ event, discounts });
  const { teamKey, projectKey } = allocateEvent({ ...event, model: usage.modelId }, context);
  return {
    event,
    team: teamKey,
    project: projectKey,
    isKnownModel: usage.isKnownModel,
    cost: sumUsd(usage.charges.map((charge) => charge.billedCost)),
  };
}

/** Dollars as a number, good enough to compare orders of magnitude. */
export function dollars(events: Iterable<PricedEvent>): number {
  return Number(sumUsd([...events].map(({ cost }) => cost))) / 1e12;
}
