/** A governance document on its way to being checked: what could be read of it, and what does not fit. */
import type { Email } from "../../../domain/email.ts";
import type { Instant } from "../../../domain/time.ts";
import type {
  BudgetScope,
  FieldPath,
  GovernedAllocationRule,
  GovernedMetering,
  GovernedPolicy,
  GovernedServiceAccount,
  GovernedTeam,
} from "../rules.ts";

/** A readable part of the document and where it stands. */
export interface Located<Value> {
  readonly path: FieldPath;
  readonly value: Value;
}

/** What the checks look at: a document of which some parts may have been left out. */
export interface GovernanceDraft {
  readonly teams: readonly Located<GovernedTeam>[];
  readonly allocation: readonly Located<GovernedAllocationRule>[];
  readonly budgets: readonly Located<{ readonly key: string; readonly scope: BudgetScope }>[];
  readonly digests: readonly Located<{ readonly key: string; readonly scope: BudgetScope }>[];
  readonly approvals: readonly Located<GovernedPolicy>[];
  readonly discounts: readonly Located<{ readonly from?: Instant; readonly until?: Instant }>[];
  readonly metering: readonly Located<GovernedMetering>[];
  readonly serviceAccounts: readonly Located<GovernedServiceAccount>[];
  readonly organization: readonly Located<{
    readonly admins: readonly Email[];
    readonly finance?: readonly Email[];
  }>[];
  /** Every team and project that the document names, in unreadable parts too. */
  readonly teamKeys: ReadonlySet<string>;
  readonly projectKeys: ReadonlySet<string>;
  /** How many tiers the document lists, unreadable ones included. */
  readonly tierCount: number;
}

/** Something that does not fit. `known` are the names that would have been right. */
export interface Finding {
  readonly path: FieldPath;
  readonly message: string;
  readonly unknown?: { readonly name: string; readonly known: ReadonlySet<string> };
}
