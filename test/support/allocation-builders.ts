/** Builders for what allocation looks at. */
import type { AllocationContext, SpendDimension } from "../../src/features/allocation/index.ts";
import type { AllocatedEvent } from "../../src/features/allocation/rules.ts";

export function anAllocatedEvent(overrides: Partial<AllocatedEvent> = {}): AllocatedEvent {
  return {
    source: "default",
    model: "claude-opus-5-5",
    userEmail: undefined,
    claimedTeam: undefined,
    claimedProject: undefined,
    workspaceId: undefined,
    apiKeyId: undefined,
    tags: {},
    ...overrides,
  };
}

export function anAllocationContext(overrides: Partial<AllocationContext> = {}): AllocationContext {
  return {
    rules: [],
    isSourceTrusted: true,
    membershipsByEmail: new Map(),
    teamByProject: new Map(),
    ...overrides,
  };
}

export function aSpendDimension(overrides: Partial<SpendDimension> = {}): SpendDimension {
  return {
    teamKey: undefined,
    projectKey: undefined,
    userEmail: undefined,
    modelId: "claude-opus-5-5",
    apiKeyId: undefined,
    workspaceId: undefined,
    source: "default",
    ...overrides,
  };
}
