/**
 * Names under which somebody uses Claude besides an e-mail address. Written `slack_user:U0123`,
 * `anthropic_user:user_01`, `gateway_user:litellm/alice`: at a gateway a name means somebody only
 * together with its source.
 */

const IDENTITY_KINDS = [
  /** A second address of the same person. */
  "email",
  "slack_user",
  /** "user_01…", also service accounts "svac_01…". */
  "anthropic_user",
  /** A UUID, as Claude Code knows its user. */
  "anthropic_account",
  "gateway_user",
] as const;
export type IdentityKind = (typeof IDENTITY_KINDS)[number];

export interface ExternalIdentity {
  readonly kind: IdentityKind;
  /** Of a gateway user: the source that calls somebody so; '' for every other kind. */
  readonly source: string;
  readonly externalId: string;
}

export function formatIdentity({ kind, source, externalId }: ExternalIdentity): string {
  return kind === "gateway_user" ? `${kind}:${source}/${externalId}` : `${kind}:${externalId}`;
}

/** Undefined for what is no such text. Addresses are folded. */
export function parseIdentity(text: string): ExternalIdentity | undefined {
  const colon = text.indexOf(":");
  const kind = IDENTITY_KINDS.find((known) => known === text.slice(0, colon));
  const rest = text.slice(colon + 1).trim();
  if (kind === undefined || rest === "" || rest.length > 300) return undefined;
  if (kind === "email") return { kind, source: "", externalId: rest.toLowerCase() };
  if (kind !== "gateway_user") return { kind, source: "", externalId: rest };
  const slash = rest.indexOf("/");
  const source = rest.slice(0, slash);
  const externalId = rest.slice(slash + 1);
  return slash < 1 || externalId === "" ? undefined : { kind, source, externalId };
}
