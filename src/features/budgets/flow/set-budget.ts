/**
 * `/claude-spend budget set`: an edit of the governance document, by whoever may set the limit. So
 * a budget is the same thing, with the same history, whether a command, a form or a file made it.
 */
import type { Email } from "../../../domain/email.ts";
import { type Usd, usdToShortDecimal } from "../../../domain/money.ts";
import { formatScope, type Scope, typedScope } from "../../../domain/scope.ts";
import type { PeriodKind } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import { editGovernance, type GovernanceDeps } from "../../governance/index.ts";
import { findScope, mayChangeBudget } from "../../organization/index.ts";
import type { SetBudgetResult } from "../messages/budgets.ts";
import type { Budget } from "../rules.ts";
import { listBudgets } from "../store/budgets.ts";
import { loadAsking } from "./scopes.ts";
import { loadBudgetStatus, named } from "./status.ts";

type Deps = Pick<GovernanceDeps, "database" | "clock" | "appliers"> & {
  /** Whether the governance file is the only way to change anything. */
  readonly isFileOnly?: boolean | undefined;
};

export interface SetBudgetCommand {
  readonly actor: Email;
  readonly scopeText: string;
  readonly amount: Usd;
  readonly periodKind: PeriodKind;
}

/**
 * Sets the base limit of a scope and period in the document; adds the budget when there is none.
 * One that a former version made beside the document moves into it, with all that it knows.
 */
export async function setBudget(deps: Deps, command: SetBudgetCommand): Promise<SetBudgetResult> {
  const { database, clock } = deps;
  const { actor, amount, periodKind } = command;
  const asking = await loadAsking(database, actor, clock());
  const resolved = findScope(command.scopeText, asking);
  if (resolved.kind !== "found") return resolved;
  const { scope } = resolved;
  const about = { name: asking.nameOf(scope), typed: typedScope(scope, actor) };
  if (!mayChangeBudget(asking.person, scope, asking.teams))
    return { kind: "may-not-set", ...about };

  const existing = await listOfPeriod(database, { scope, periodKind });
  const [before, another] = existing;
  if (another !== undefined) {
    return {
      kind: "several",
      ...about,
      periodKind,
      keys: existing.map(({ budgetId }) => budgetId),
    };
  }
  const outcome = await editGovernance(deps, {
    edits: [
      {
        kind: "set-limit",
        scope: formatScope(scope),
        period: periodKind,
        limit: usdToShortDecimal(amount),
        newKey: before?.budgetId,
      },
    ],
    actor: { email: actor },
    isFileOnly: deps.isFileOnly === true,
  });
  switch (outcome.kind) {
    case "applied":
    case "unchanged":
      break;
    case "forbidden":
      return { kind: "may-not-set", ...about };
    case "file-only":
      return { kind: "file-only", ...about };
    case "refused":
      return { kind: "refused", problems: outcome.problems.map(({ message }) => message) };
    case "impossible":
      return { kind: "refused", problems: [`${outcome.what} is there already`] };
    case "overtaken":
      throw new Error("an edit that showed no version is overtaken by none");
  }
  const statuses = await loadBudgetStatus(database, { scope, now: clock() });
  const status = statuses.find((one) => one.periodKind === periodKind && one.memberKey === "");
  // Somebody took it out again in this very moment.
  if (status === undefined) return { kind: "refused", problems: ["somebody removed it meanwhile"] };
  const shown = named(asking.nameOf)(status);
  return before?.baseLimit === amount
    ? { kind: "unchanged", named: shown }
    : { kind: "set", named: shown, before: before?.baseLimit };
}

/** The budgets of just this scope, none of `each:…`. */
async function listOfPeriod(
  sql: Sql,
  { scope, periodKind }: { readonly scope: Scope; readonly periodKind: PeriodKind },
): Promise<readonly Budget[]> {
  const budgets = await listBudgets(sql, [formatScope(scope)]);
  return budgets.filter((budget) => budget.periodKind === periodKind);
}
