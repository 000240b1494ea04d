/** People, the steps: a name becomes somebody's when it is verified, and stops being theirs. */
import { v7 as uuid } from "uuid";
import { type Email, parseEmail } from "../../domain/email.ts";
import { type ExternalIdentity, formatIdentity } from "../../domain/identity.ts";
import { addMs, type Clock, DAY_MS, type Instant } from "../../domain/time.ts";
import { enqueueMessage } from "../../slack/outbox.ts";
import { recordAudit } from "../../store/audit.ts";
import { type Database, inTransaction, type Sql } from "../../store/database.ts";
import { claimMessage } from "./messages.ts";
import { type ClaimOutcome, decideClaim, type Verification } from "./rules.ts";
import { decideOpenClaim, insertClaim } from "./store/claims.ts";
import { findAnthropicEmail, listKnownNames } from "./store/known-names.ts";
import {
  endIdentity,
  findOpenIdentity,
  insertIdentity,
  type LinkedIdentity,
  listIdentities,
} from "./store.ts";

export interface PeopleDeps {
  readonly database: Database;
  readonly clock: Clock;
}

/** Who does not answer within this time has not confirmed. */
const CLAIM_EXPIRES_MS = 7 * DAY_MS;

export type LinkResult =
  | { readonly kind: "linked" }
  | { readonly kind: "taken"; readonly by: Email | undefined };

/** An admin's word: `identity` is `person`'s, from `from` on or since ever. */
export async function linkPerson(
  { database, clock }: PeopleDeps,
  link: {
    readonly identity: ExternalIdentity;
    readonly person: Email;
    readonly from: Instant | undefined;
    readonly actor: string;
  },
): Promise<LinkResult> {
  const { identity, actor } = link;
  return await inTransaction(database, async (sql) => {
    const isLinked = await insertLink(sql, {
      ...link,
      verifiedBy: "admin",
      linkedBy: actor,
      now: clock(),
    });
    if (isLinked) return { kind: "linked" };
    return { kind: "taken", by: (await findOpenIdentity(sql, identity))?.person };
  });
}

/** From `until` on the name is nobody's; false when it was nobody's, or became theirs later. */
export async function unlinkPerson(
  { database, clock }: PeopleDeps,
  {
    identity,
    until,
    actor,
  }: {
    readonly identity: ExternalIdentity;
    readonly until: Instant | undefined;
    readonly actor: string;
  },
): Promise<boolean> {
  return await inTransaction(database, async (sql) => {
    const now = clock();
    const open = await findOpenIdentity(sql, identity);
    const isEnded = await endIdentity(sql, identity, { until: until ?? now, endedBy: actor });
    if (!isEnded || open === undefined) return false;
    await recordAudit(sql, {
      occurredAt: now,
      actor,
      action: "person.unlinked",
      subject: `user:${open.person}`,
      before: { identity: formatIdentity(identity) },
      after: { until: until ?? now },
    });
    return true;
  });
}

/** Every link, of everybody or of one person. */
export async function listLinks(
  { database }: Pick<PeopleDeps, "database">,
  person?: Email,
): Promise<readonly LinkedIdentity[]> {
  const all = await listIdentities(database);
  return person === undefined ? all : all.filter((link) => link.person === person);
}

/** Links what Slack and Anthropic know somebody by; how many names that were not linked before. */
export async function linkKnownNames(deps: PeopleDeps, person: Email): Promise<number> {
  const names = await listKnownNames(deps.database, person);
  return await inTransaction(deps.database, async (sql) => {
    let linked = 0;
    for (const { verifiedBy, ...identity } of names) {
      // oxlint-disable-next-line no-await-in-loop -- two or three
      const isNew = await insertLink(sql, {
        identity,
        person,
        from: undefined,
        verifiedBy,
        linkedBy: person,
        now: deps.clock(),
      });
      if (isNew) linked += 1;
    }
    return linked;
  });
}

/**
 * Somebody says in Slack that a name is theirs.
 *
 * 1. Looks who can say whose it is: the address itself, or the one that Slack or Anthropic knows.
 * 2. Links it when that is the claimant.
 * 3. Else asks that person, by a direct message to that address; nothing is linked until they agree.
 */
export async function claimName(
  { database, clock }: PeopleDeps,
  claim: {
    readonly identity: ExternalIdentity;
    readonly person: Email;
    /** The address that Slack has verified for a Slack user; undefined for other kinds. */
    readonly slackEmail: Email | undefined;
  },
): Promise<ClaimOutcome> {
  const { identity, person, slackEmail } = claim;
  if (identity.kind === "email" && identity.externalId === person) {
    return { kind: "already", person };
  }
  return await inTransaction(database, async (sql) => {
    const outcome = decideClaim(person, {
      linkedTo: (await findOpenIdentity(sql, identity))?.person,
      confirmer: await confirmerOf(sql, identity, slackEmail),
    });
    const now = clock();
    if (outcome.kind === "verified") {
      const verifiedBy = identity.kind === "slack_user" ? "slack" : outcome.by;
      const link = { identity, person, from: undefined, verifiedBy, linkedBy: person, now };
      if (!(await insertLink(sql, link))) return { kind: "refused", reason: "taken" };
      return { kind: "verified", by: verifiedBy };
    }
    if (outcome.kind !== "ask") return outcome;
    const { confirmer } = outcome;
    const claimId = uuid();
    const expiresAt = addMs(now, CLAIM_EXPIRES_MS);
    const isNew = await insertClaim(
      sql,
      { claimId, ...identity, person, confirmer },
      { now, expiresAt },
    );
    if (isNew) {
      await enqueueMessage(
        sql,
        {
          dedupeKey: `identity-claim:${claimId}`,
          kind: "notice",
          destination: { person: confirmer },
          message: claimMessage({ claimId, identity, person }),
          validUntil: expiresAt,
        },
        now,
      );
    }
    return outcome;
  });
}

export type Confirmation =
  | {
      readonly kind: "linked" | "declined" | "taken";
      readonly identity: ExternalIdentity;
      readonly person: Email;
    }
  /** Decided, over, or somebody else's to decide. */
  | { readonly kind: "not-open" };

/** Whoever was asked says whether the claim is right. Only they can, and only once. */
export async function confirmClaim(
  { database, clock }: PeopleDeps,
  decision: { readonly claimId: string; readonly confirmer: Email; readonly isConfirmed: boolean },
): Promise<Confirmation> {
  return await inTransaction(database, async (sql) => {
    const now = clock();
    const claim = await decideOpenClaim(sql, { ...decision, now });
    if (claim === undefined) return { kind: "not-open" };
    const { person, kind, source, externalId } = claim;
    const identity = { kind, source, externalId };
    if (!decision.isConfirmed) {
      await recordAudit(sql, {
        occurredAt: now,
        actor: decision.confirmer,
        action: "person.link_declined",
        subject: `user:${person}`,
        after: { identity: formatIdentity(identity) },
      });
      return { kind: "declined", identity, person };
    }
    const isLinked = await insertLink(sql, {
      identity,
      person,
      from: undefined,
      verifiedBy: "confirmation",
      linkedBy: decision.confirmer,
      now,
    });
    return { kind: isLinked ? "linked" : "taken", identity, person };
  });
}

async function confirmerOf(
  sql: Sql,
  { kind, externalId }: ExternalIdentity,
  slackEmail: Email | undefined,
): Promise<Email | undefined> {
  switch (kind) {
    case "email":
      return parseEmail(externalId);
    case "slack_user":
      return slackEmail;
    case "anthropic_user":
      return await findAnthropicEmail(sql, externalId);
    case "anthropic_account":
    case "gateway_user":
      return undefined; // Nothing tells whose they are: an admin must.
  }
}

async function insertLink(
  sql: Sql,
  link: {
    readonly identity: ExternalIdentity;
    readonly person: Email;
    readonly from: Instant | undefined;
    readonly verifiedBy: Verification;
    readonly linkedBy: string;
    readonly now: Instant;
  },
): Promise<boolean> {
  const { identity, person, from, verifiedBy, linkedBy, now } = link;
  const isLinked = await insertIdentity(sql, {
    ...identity,
    identityId: uuid(),
    person,
    from,
    verifiedBy,
    linkedBy,
    linkedAt: now,
  });
  if (!isLinked) return false;
  await recordAudit(sql, {
    occurredAt: now,
    actor: linkedBy,
    action: "person.linked",
    subject: `user:${person}`,
    after: { identity: formatIdentity(identity), verifiedBy, from },
  });
  return true;
}
