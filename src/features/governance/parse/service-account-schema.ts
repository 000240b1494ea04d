/** The shape of an entry of `service_accounts`, and what it means. */
import type { z } from "zod";
import { emailFrom } from "../../../domain/email.ts";
import { parseIdentity } from "../../../domain/identity.ts";
import type { FieldPath, GovernedServiceAccount } from "../rules.ts";
import { email, key, text } from "./schema.ts";
import { leaf, listOf, mapping, oneOf } from "./shapes.ts";

const ownId = leaf(
  "api_key:ID, anthropic_user:ID, anthropic_account:ID, slack_user:ID or gateway_user:SOURCE/ID",
  (value) => {
    if (typeof value !== "string") return undefined;
    if (/^api_key:\S{1,200}$/.test(value)) return value;
    const identity = parseIdentity(value);
    return identity === undefined || identity.kind === "email" ? undefined : value;
  },
);

export const serviceAccountSchema = mapping({
  name: text.optional(),
  kind: oneOf(["service_account", "agent"]).optional(),
  responsible: email,
  team: key.optional(),
  ids: listOf(ownId).optional(),
});

/** The address is the key of the entry. */
export function serviceAccountFrom(
  read: z.output<typeof serviceAccountSchema>,
  path: FieldPath,
): GovernedServiceAccount {
  const address = emailFrom(String(path.at(-1)));
  return {
    address,
    name: read.name ?? address,
    kind: read.kind ?? "service_account",
    responsible: read.responsible,
    ...(read.team === undefined ? {} : { team: read.team }),
    ids: read.ids ?? [],
  };
}
