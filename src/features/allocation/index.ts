/** What the rest of the program may use from allocation. */
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
