/** Allocation, the steps: what is decided about ownership holds from a day on, and is asked by day. */
import type { Instant } from "../../domain/time.ts";
import type { Sql } from "../../store/database.ts";
import {
  decideOwnership,
  firstChange,
  NO_OWNERSHIP,
  type Ownership,
  type OwnershipTimeline,
} from "./rules/ownership-timeline.ts";
import { listOwnershipPeriods, replaceOwnershipPeriods } from "./store/ownership-periods.ts";
import { listAllocationRules, loadOwnership } from "./store.ts";

/**
 * Makes `ownership` hold from `from` on. The first one ever holds since ever unless it names a day.
 * Call it in a transaction, before teams and rules are replaced: until a date was first decided,
 * what they say is the past.
 *
 * The first instant of the past for which something else is said than before; of a first decision
 * that is nothing.
 */
export async function recordOwnership(
  sql: Sql,
  decided: {
    readonly ownership: Ownership;
    /** As the decision says it; undefined: it says nothing. */
    readonly from: Instant | undefined;
    readonly decidedAt: Instant;
    readonly isFirst: boolean;
  },
): Promise<Instant | undefined> {
  const { ownership, from, decidedAt, isFirst } = decided;
  const former = isFirst ? sinceEver(NO_OWNERSHIP) : await loadOwnershipTimeline(sql);
  const start = isFirst ? from : (from ?? decidedAt);
  const next = decideOwnership(former, { ownership, from: start });
  await replaceOwnershipPeriods(sql, next);
  return isFirst ? undefined : firstChange(former, next, decidedAt);
}

/** Who owned what, when. Without any dated decision, what teams and rules say, since ever. */
export async function loadOwnershipTimeline(sql: Sql): Promise<OwnershipTimeline> {
  const periods = await listOwnershipPeriods(sql);
  if (periods.length > 0) return periods;
  const { membershipsByEmail, teamByProject } = await loadOwnership(sql);
  return sinceEver({
    rules: await listAllocationRules(sql),
    memberships: Object.fromEntries(membershipsByEmail),
    teamByProject: Object.fromEntries(teamByProject),
    serviceAccountById: {},
  });
}

function sinceEver(ownership: Ownership): OwnershipTimeline {
  return [{ from: undefined, until: undefined, ownership }];
}
