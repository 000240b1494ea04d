/** The shape of what a governance document says about metering sources, and what it means. */
import { z } from "zod";
import type { GovernedMetering } from "../rules.ts";
import { text } from "./schema.ts";
import { leaf, mapping, matching } from "./shapes.ts";

const match = mapping({ workspace_id: text.optional(), api_key_id: text.optional() }).transform(
  ({ workspace_id: workspaceId, api_key_id: apiKeyId }, ctx): GovernedMetering["match"] => {
    if (apiKeyId !== undefined && workspaceId === undefined) return { apiKeyId };
    if (workspaceId !== undefined && apiKeyId === undefined) return { workspaceId };
    ctx.addIssue({ code: "custom", message: "expected either workspace_id or api_key_id" });
    return z.NEVER;
  },
);

export const meteringSchema = mapping({
  match,
  source: leaf(
    "the name of a source: lower-case letters, digits and dashes, for example litellm",
    matching(/^[a-z0-9][a-z0-9-]{0,62}$/),
  ),
});

export function meteringFrom(read: z.output<typeof meteringSchema>): GovernedMetering {
  return read;
}
