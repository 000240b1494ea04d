/**
 * Governance: what a governance document says, in the words of the domain. Pure types; whether a
 * document makes sense is rules/check-governance.ts, what a new one changes rules/changes.ts.
 *
 * Nothing here is imported from the features that act on it: they receive their part when it is
 * applied.
 */
import type { Email } from "../../domain/email.ts";
import type { LimitTarget } from "../../domain/limit.ts";
import type { Usd } from "../../domain/money.ts";
import type { Month } from "../../domain/month.ts";
import type { EachKind, Scope } from "../../domain/scope.ts";
import type { Instant, PeriodKind, TimeZone, Weekday } from "../../domain/time.ts";

export interface Governance {
  /** Since when teams, projects, service accounts and rules own what they say; absent: from now on. */
  readonly ownershipFrom?: Instant;
  readonly organization: GovernedOrganization;
  readonly teams: readonly GovernedTeam[];
  /** In order: the first match wins. */
  readonly allocation: readonly GovernedAllocationRule[];
  readonly budgets: readonly GovernedBudget[];
  readonly digests: readonly GovernedDigest[];
  /** In order of amount: the first whose `upTo` covers a request decides it. */
  readonly approvals: readonly GovernedPolicy[];
  readonly discounts: readonly GovernedDiscount[];
  readonly metering: readonly GovernedMetering[];
  readonly limitPushes: readonly GovernedLimitPush[];
  readonly serviceAccounts: readonly GovernedServiceAccount[];
  /** In order: the first match wins. */
  readonly sharedCosts: readonly GovernedSharedCost[];
  readonly commitments: readonly GovernedCommitment[];
  readonly credits: readonly GovernedCredit[];
  /** "0.5": how much of a day's bill our total may differ by; absent: the default. */
  readonly driftPercent?: string;
}

export interface GovernedOrganization {
  readonly name: string;
  readonly timeZone: TimeZone;
  readonly weekStartsOn: Weekday;
  /** Day of the month, 1 to 28. */
  readonly fiscalMonthStartsOn: number;
  /** Month, 1 to 12. */
  readonly fiscalYearStartsIn: number;
  readonly finopsChannel?: string;
  readonly admins: readonly Email[];
  /** May see everything and change nothing. */
  readonly finance?: readonly Email[];
}

export interface GovernedTeam {
  readonly key: string;
  readonly name: string;
  readonly channel?: string;
  readonly costCenter?: string;
  /** Each once, those with dates too, whenever they hold. */
  readonly owners: readonly Email[];
  readonly members: readonly Email[];
  readonly projects: readonly string[];
  /** Who and what of these belongs to the team only for a time; a name may come several times. */
  readonly dated?: readonly GovernedBelonging[];
}

/** A stretch of time for which a person or project belongs to a team. One of its ends is there. */
export type GovernedBelonging = { readonly from?: Instant; readonly until?: Instant } & (
  | { readonly role: "owners" | "members"; readonly name: Email }
  | { readonly role: "projects"; readonly name: string }
);

export interface GovernedAllocationRule {
  readonly match: {
    readonly apiKeyId?: string;
    readonly workspaceId?: string;
    readonly userEmail?: string;
    readonly model?: string;
    readonly source?: string;
    readonly tags?: Readonly<Record<string, string>>;
  };
  readonly to: { readonly team?: string; readonly project?: string };
  /** Only for usage in that time; absent ends are open. */
  readonly from?: Instant;
  readonly until?: Instant;
}

/** An owner that is no person. */
export interface GovernedServiceAccount {
  /** What it is called in reports and budgets; needs no mailbox. */
  readonly address: Email;
  readonly name: string;
  readonly kind: "service_account" | "agent";
  /** A person, or another service account. */
  readonly responsible: Email;
  readonly team?: string;
  /** "api_key:apikey_02", "anthropic_user:svac_01", "gateway_user:litellm/nightly". */
  readonly ids: readonly string[];
}

/** One budget for a scope, or one for every member of a kind. */
export type BudgetScope = Scope | { readonly kind: "each"; readonly key: EachKind };

export interface GovernedBudget {
  readonly key: string;
  readonly scope: BudgetScope;
  readonly limit: Usd;
  readonly period: PeriodKind;
  readonly timeZone: TimeZone;
  readonly weekStartsOn: Weekday;
  readonly fiscalMonthStartsOn: number;
  readonly fiscalYearStartsIn: number;
  /** Strictly ascending. */
  readonly thresholdPercents: readonly number[];
  readonly forecastThresholdPercents: readonly number[];
  /** How much of an unused limit the next period gets, in percent; absent: nothing. */
  readonly rollOverMaxPercent?: number;
  readonly paceDays?: number;
  readonly notifyReset?: boolean;
}

export const DIGEST_INTERVALS = ["day", "week", "month"] as const;
export type DigestInterval = (typeof DIGEST_INTERVALS)[number];

export type DigestScope = Scope | { readonly kind: "each"; readonly key: "team" | "user" };

export interface GovernedDigest {
  /** Says all that the document says of it: digests have no key of their own there. */
  readonly key: string;
  /** Absent for `each`: every team's own channel, every person's direct message. */
  readonly channel?: string;
  /** One scope, or every team, or every person whom the document names. */
  readonly scope: DigestScope;
  readonly every: DigestInterval;
  /** Set exactly when `every` is `week`. */
  readonly onWeekday?: Weekday;
  /** 1 to 31; set exactly when `every` is `month`. */
  readonly onDay?: number;
  /** "09:30" */
  readonly atLocalTime: string;
  /** Absent for every person: their own. */
  readonly timeZone?: TimeZone;
}

export const TEAM_OWNERS = "team_owners";
export const SLACK_GROUP_PREFIX = "slack_group:";

export const ADMINS = "admins";

export interface GovernedStep {
  /** `team_owners`, `admins`, an e-mail address, or `slack_group:NAME`. */
  readonly approvers: readonly string[];
  readonly quorum: number;
}

export interface GovernedPolicy {
  readonly name?: string;
  /** Undefined: any amount. */
  readonly upTo?: Usd;
  /** Conditions beside the amount; all of them hold. */
  readonly match: {
    /** `team:search`, `team:*`, `org`. */
    readonly scopes?: readonly string[];
    /** `a@b.c`, `*@b.c`, `team:search`, `team_owners`, `admins`. */
    readonly requesters?: readonly string[];
    /** Of the base limit. */
    readonly upToPercent?: number;
  };
  /** In order; `approvers` and `quorum` of a document are one step. */
  readonly steps: readonly GovernedStep[];
  readonly expiresInMs: number;
  /** Ascending. */
  readonly remindAfterMs?: readonly number[];
  /** Asked as well when nobody has decided for a while. */
  readonly escalateTo: readonly Email[];
  readonly escalateAfterMs?: number;
  readonly autoApprove?: {
    readonly upTo: Usd;
    readonly perPeriod: Usd;
    readonly periodKind: PeriodKind;
  };
}

export interface GovernedDiscount {
  /** A model's id, or a pattern with `*`. */
  readonly modelPattern?: string;
  readonly workspaceId?: string;
  /** "12.5": more than 0, at most 100. */
  readonly percent: string;
  readonly from?: Instant;
  readonly until?: Instant;
}

/** The one source whose usage counts for a workspace or a key. */
export interface GovernedMetering {
  readonly match: { readonly workspaceId: string } | { readonly apiKeyId: string };
  readonly source: string;
}

/** Raises of a budget are carried out there as well. */
export interface GovernedLimitPush {
  readonly budgetKey: string;
  /** Without an id: the user whom the budget is about. */
  readonly target: LimitTarget;
}

/** Cost that several teams bear together. */
export interface GovernedSharedCost {
  readonly name: string;
  /** At least one condition; all of them hold. */
  readonly match: {
    readonly team?: string;
    readonly project?: string;
    readonly apiKeyId?: string;
    readonly workspaceId?: string;
    readonly model?: string;
  };
  readonly split: GovernedSplit;
}

export type GovernedSplit =
  | { readonly kind: "even"; readonly teams: readonly string[] }
  /** By the direct cost of each team. */
  | { readonly kind: "proportional"; readonly teams: readonly string[] }
  /** By what was posted of a business metric for each team. */
  | { readonly kind: "metric"; readonly metric: string; readonly teams: readonly string[] }
  | {
      readonly kind: "percent";
      /** In ten-thousandths of a percent; 1,000,000 in all. */
      readonly shares: readonly { readonly team: string; readonly tenThousandths: number }[];
    };

/** A prepaid amount for the usage of a scope in a term of whole months. */
export interface GovernedCommitment {
  readonly key: string;
  readonly name: string;
  /** `org`, a team or a workspace. */
  readonly scope: Scope;
  readonly amount: Usd;
  readonly firstMonth: Month;
  readonly lastMonth: Month;
}

/** Money that the provider granted for a month. */
export interface GovernedCredit {
  readonly key: string;
  readonly description: string;
  /** `org` or a team. */
  readonly scope: Scope;
  readonly amount: Usd;
  readonly month: Month;
}

/** How one step into the document is written: a key of a mapping or an index of a list. */
export type FieldPath = readonly (string | number)[];

/** What is wrong with a document, where it is wrong, and what was expected there. */
export interface GovernanceProblem {
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** "budgets[0].limit"; empty for the document as a whole. */
  readonly field: string;
  readonly message: string;
}

/** "budgets[0].limit" */
export function formatFieldPath(path: FieldPath): string {
  return path.reduce<string>((field, step) => {
    if (typeof step === "number") return `${field}[${String(step)}]`;
    return field === "" ? step : `${field}.${step}`;
  }, "");
}

export function formatBudgetScope(scope: BudgetScope): string {
  return scope.kind === "org" ? "org" : `${scope.kind}:${scope.key}`;
}
