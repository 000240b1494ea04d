/** What the rest of the program may use from allocation. */
export { loadOwnershipTimeline, recordOwnership } from "./flow.ts";
export {
  type Ownership,
  type OwnershipAt,
  ownershipLookup,
} from "./rules/ownership-timeline.ts";
export {
  type Allocation,
  type AllocationContext,
  type AllocationRule,
  allocateEvent,
  type SpendDimension,
} from "./rules.ts";
export {
  ensureSpendDimensions,
  listAllocationRules,
  loadOwnership,
  loadSpendDimensions,
  replaceAllocationRules,
} from "./store.ts";
