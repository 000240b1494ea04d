/** Governance, the steps: a document is applied as a whole in one transaction, or not at all. */
import { createHash } from "node:crypto";
import { assert } from "../../domain/assert.ts";
import { AppError } from "../../domain/errors.ts";
import type { Clock, Instant } from "../../domain/time.ts";
import { recordAudit } from "../../store/audit.ts";
import { currentAuditOrigin } from "../../store/audit-origin.ts";
import { type Database, inTransaction, type Sql } from "../../store/database.ts";
import { recordOwnership, replaceAllocationRules } from "../allocation/index.ts";
import { replaceOrganization } from "../organization/index.ts";
import { type Discount, parseDiscountPercent, replaceDiscounts } from "../pricing/index.ts";
import { replaceGovernedMetering } from "../sources/index.ts";
import { namedChannels } from "./parse/channels.ts";
import { parseGovernance } from "./parse/parse-governance.ts";
import { describeChanges } from "./rules/changes.ts";
import { channelProblems, type KnownChannel, type NamedChannel } from "./rules/check-channels.ts";
import { ownershipOf, ownershipWarnings, teamsAt } from "./rules/ownership.ts";
import type {
  Governance,
  GovernanceProblem,
  GovernedBudget,
  GovernedCommitment,
  GovernedCredit,
  GovernedDigest,
  GovernedDiscount,
  GovernedLimitPush,
  GovernedPolicy,
  GovernedSharedCost,
} from "./rules.ts";
import * as store from "./store.ts";

/** What an applier may want to know beside its own part of the document. */
export interface ApplyContext {
  readonly appliedAt: Instant;
  readonly appliedBy: string;
}

/**
 * How features that governance does not know take over their part: each makes what it gets the
 * only thing in force, inside the transaction that it is given. A throw undoes everything.
 */
export interface GovernanceAppliers {
  budgets(sql: Sql, budgets: readonly GovernedBudget[], context: ApplyContext): Promise<void>;
  digests(sql: Sql, digests: readonly GovernedDigest[], context: ApplyContext): Promise<void>;
  approvalPolicies(
    sql: Sql,
    policies: readonly GovernedPolicy[],
    context: ApplyContext,
  ): Promise<void>;
  limitPushes(sql: Sql, pushes: readonly GovernedLimitPush[], context: ApplyContext): Promise<void>;
  chargeback(
    sql: Sql,
    governed: {
      readonly sharedCosts: readonly GovernedSharedCost[];
      readonly commitments: readonly GovernedCommitment[];
      readonly credits: readonly GovernedCredit[];
    },
    context: ApplyContext,
  ): Promise<void>;
  /** Undefined: the default counts. */
  driftPercent(sql: Sql, percent: string | undefined): Promise<void>;
}

export interface GovernanceDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly appliers: GovernanceAppliers;
  /** Which channels there are. Without it, or while Slack does not say, they are not checked. */
  readonly channels?: ChannelLookup;
}

export interface ChannelLookup {
  listChannels(): Promise<readonly KnownChannel[]>;
}

export type ApplyOutcome =
  | {
      readonly kind: "applied";
      readonly version: number;
      readonly changes: readonly string[];
      /** What could not be checked, and what to do about it. */
      readonly warnings: readonly string[];
    }
  | { readonly kind: "unchanged"; readonly version: number }
  /** Another version is in force than the one that it was made from. */
  | { readonly kind: "overtaken"; readonly version: number }
  | { readonly kind: "refused"; readonly problems: readonly GovernanceProblem[] };

/**
 * Applies a governance document.
 *
 * 1. Reads it, and asks Slack for its channels; with any problem nothing is touched.
 * 2. Waits for whoever else is applying one.
 * 3. Stops when the very same text is in force already, or another version than was asked for.
 * 4. Makes it the one in force (`saveDocument`).
 */
export async function applyGovernance(
  deps: GovernanceDeps,
  {
    text,
    appliedBy,
    onlyAfter,
  }: {
    readonly text: string;
    readonly appliedBy: string;
    /** The version that it was made from: with another one in force nothing is applied. */
    readonly onlyAfter?: number | undefined;
  },
): Promise<ApplyOutcome> {
  const parsed = parseGovernance(text);
  if (!parsed.ok) return { kind: "refused", problems: parsed.problems };
  const { governance } = parsed;
  // Slack is asked before the transaction, so that a slow Slack holds nothing.
  const checked = await checkChannels(deps.channels, namedChannels(text, governance));
  if (checked.problems.length > 0) return { kind: "refused", problems: checked.problems };

  return await inTransaction(deps.database, async (sql): Promise<ApplyOutcome> => {
    await store.lockGovernance(sql);
    const latest = await store.findLatestDocument(sql);
    if (onlyAfter !== undefined && onlyAfter !== (latest?.version ?? 0)) {
      return { kind: "overtaken", version: latest?.version ?? 0 };
    }
    if (latest?.contentSha256 === sha256Of(text)) {
      return { kind: "unchanged", version: latest.version };
    }
    const saved = await saveDocument(deps, sql, { latest, text, governance, appliedBy });
    return { ...saved, warnings: [...checked.warnings, ...saved.warnings] };
  });
}

interface NewDocument {
  /** In force until now; found under the lock. */
  readonly latest: store.AppliedDocument | undefined;
  readonly text: string;
  /** What the text says. */
  readonly governance: Governance;
  readonly appliedBy: string;
  /** Where it comes from, when the edge named no origin. */
  readonly origin?: store.DocumentOrigin;
  readonly restoredVersion?: number;
}

/**
 * The one way in which a document comes into force, in the transaction that holds the lock: it
 * replaces the organization, allocation, discounts, metering sources, budgets, digests, approval
 * policies, limit pushes and what chargeback goes by, and keeps the text as the next version with
 * an audit entry of what changed.
 */
export async function saveDocument(
  { clock, appliers }: Pick<GovernanceDeps, "clock" | "appliers">,
  sql: Sql,
  { latest, text, governance, appliedBy, origin, restoredVersion }: NewDocument,
): Promise<Extract<ApplyOutcome, { readonly kind: "applied" }>> {
  const version = (latest?.version ?? 0) + 1;
  const context = { appliedAt: clock(), appliedBy };
  const changes = describeChanges(governanceOf(latest), governance);

  const changedSince = await recordOwnership(sql, {
    ownership: ownershipOf(governance),
    from: governance.ownershipFrom,
    decidedAt: context.appliedAt,
    isFirst: latest === undefined,
  });
  const teams = teamsAt(governance.teams, context.appliedAt);
  await replaceOrganization(sql, { ...governance, teams });
  await replaceAllocationRules(sql, governance.allocation);
  await replaceDiscounts(sql, governance.discounts.map(discountFrom));
  await replaceGovernedMetering(sql, governance.metering, context.appliedAt);
  await appliers.budgets(sql, governance.budgets, context);
  await appliers.digests(sql, governance.digests, context);
  await appliers.approvalPolicies(sql, governance.approvals, context);
  await appliers.limitPushes(sql, governance.limitPushes, context);
  await appliers.driftPercent(sql, governance.driftPercent);
  await appliers.chargeback(sql, governance, context);

  await store.insertDocument(sql, {
    version,
    content: text,
    contentSha256: sha256Of(text),
    ...context,
    origin: currentAuditOrigin() ?? origin,
    changes,
    restoredVersion,
  });
  await recordAudit(sql, {
    occurredAt: context.appliedAt,
    actor: appliedBy,
    action: "governance.applied",
    subject: "governance",
    before: latest === undefined ? undefined : { version: latest.version },
    after: {
      version,
      changes,
      ...(restoredVersion === undefined ? {} : { restored_version: restoredVersion }),
    },
  });
  const warnings = ownershipWarnings(changedSince, governance.organization.timeZone);
  return { kind: "applied", version, changes, warnings };
}

export function sha256Of(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A channel that the bot can't see is a problem; a Slack that does not answer is a warning. */
export async function checkChannels(
  channels: ChannelLookup | undefined,
  named: readonly NamedChannel[],
): Promise<{
  readonly problems: readonly GovernanceProblem[];
  readonly warnings: readonly string[];
}> {
  if (channels === undefined || named.length === 0) return { problems: [], warnings: [] };
  try {
    return { problems: channelProblems(named, await channels.listChannels()), warnings: [] };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return {
      problems: [],
      warnings: [
        `The channels were not checked: ${error.message} The bot needs the optional scopes channels:read and groups:read for that.`,
      ],
    };
  }
}

/** Undefined too for a text that was fine once and would be refused today. */
export function governanceOf(latest: store.AppliedDocument | undefined): Governance | undefined {
  if (latest === undefined) return undefined;
  const parsed = parseGovernance(latest.content);
  return parsed.ok ? parsed.governance : undefined;
}

function discountFrom(discount: GovernedDiscount): Discount {
  const share = parseDiscountPercent(discount.percent);
  assert(share !== undefined, `a discount that was read is a percentage: ${discount.percent}`);
  return {
    modelPattern: discount.modelPattern,
    workspaceId: discount.workspaceId,
    share,
    validFrom: discount.from,
    validUntil: discount.until,
  };
}
