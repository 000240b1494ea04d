/** The shape of what a governance document says about limits elsewhere, and what it means. */
import type { z } from "zod";
import { parseLimitTarget } from "../../../domain/limit.ts";
import type { GovernedLimitPush } from "../rules.ts";
import { leaf, mapping, matching } from "./shapes.ts";

export const limitPushSchema = mapping({
  budget: leaf("the key of a budget", matching(/^\S.{0,79}$/u)),
  to: leaf(
    "SYSTEM:KIND:ID such as anthropic:workspace:wrkspc_01, anthropic:user, anthropic:organization, litellm:team:ID, litellm:user, litellm:key:ID, litellm:budget:ID, gateway:user, gateway:rbac_group:NAME or gateway:organization",
    (value) => (typeof value === "string" ? parseLimitTarget(value) : undefined),
  ),
});

export function limitPushFrom(read: z.output<typeof limitPushSchema>): GovernedLimitPush {
  return { budgetKey: read.budget, target: read.to };
}
