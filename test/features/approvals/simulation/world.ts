/**
 * Many small organizations in one database: each history has a team, a budget and a policy of its
 * own, so that hundreds run side by side. What roles were when is kept here, apart from the
 * database, for the checks.
 */
import { type Email, emailFrom } from "../../../../src/domain/email.ts";
import type { Instant } from "../../../../src/domain/time.ts";
import { HOUR_MS, instant } from "../../../../src/domain/time.ts";
import type { PolicySettings } from "../../../../src/features/approvals/rules/policy.ts";
import { replaceApprovalPolicies } from "../../../../src/features/approvals/store/policies.ts";
import { replaceGovernedBudgets } from "../../../../src/features/budgets/index.ts";
import { replacePushRules } from "../../../../src/features/limits/store/push-rules.ts";
import { type Database, inTransaction } from "../../../../src/store/database.ts";
import { aGovernedBudget } from "../../../support/budget-builders.ts";
import { usd } from "../../../support/builders.ts";
import type { SeededRandom } from "../../../support/seeded-random.ts";

const SHAPES = ["owners", "quorum", "chain", "group"] as const;
type Shape = (typeof SHAPES)[number];

export const AUTO_UP_TO = usd(50);
export const AUTO_PER_PERIOD = usd(120);

/** Roles as they are at one time. */
export interface Roles {
  readonly owners: readonly Email[];
  readonly group: readonly Email[];
  /** From whom to whom. */
  readonly delegations: ReadonlyMap<Email, { readonly to: Email; readonly endsAt: Instant }>;
}

export interface History {
  readonly index: number;
  readonly shape: Shape;
  readonly team: string;
  readonly budgetId: string;
  readonly random: SeededRandom;
  readonly people: Readonly<Record<PersonName, Email>>;
  roles: Roles;
  /** By the instant of a round: roles that held at its beginning or at its end. */
  readonly past: Map<number, Roles[]>;
  /** Keys of the forms that were sent and not refused. */
  readonly sent: string[];
  requestIds: string[];
}

export const NAMES = ["req", "mate", "ana", "bea", "fin", "gus", "del", "esc", "out"] as const;
export type PersonName = (typeof NAMES)[number];

export function newHistory(index: number, random: SeededRandom): History {
  const shape = SHAPES[index % SHAPES.length] ?? "owners";
  const people = Object.fromEntries(
    NAMES.map((name) => [name, emailFrom(`${name}${String(index)}@sim.test`)]),
  ) as History["people"];
  return {
    index,
    shape,
    random,
    people,
    team: `t${String(index)}`,
    budgetId: `b${String(index)}`,
    roles: {
      owners: [people.ana, people.bea],
      group: [people.fin, people.gus],
      delegations: new Map(),
    },
    past: new Map(),
    sent: [],
    requestIds: [],
  };
}

export const ESCALATE_AFTER_MS = 3 * HOUR_MS;

function policyOf({ shape, people, team, index }: History): PolicySettings {
  const common = {
    name: `policy-${String(index)}`,
    match: { scopes: [`team:${team}`] },
    expiresInMs: 6 * HOUR_MS,
    remindAfterMs: [HOUR_MS, 2 * HOUR_MS],
    escalateTo: [people.esc],
    escalateAfterMs: ESCALATE_AFTER_MS,
  };
  switch (shape) {
    case "owners":
      return { ...common, steps: [{ approvers: ["team_owners"], quorum: 1 }] };
    case "quorum":
      return {
        ...common,
        steps: [{ approvers: ["team_owners", people.fin, people.gus], quorum: 2 }],
      };
    case "chain":
      return {
        ...common,
        steps: [
          { approvers: ["team_owners"], quorum: 1 },
          { approvers: [people.fin, people.ana], quorum: 1 },
        ],
      };
    case "group":
      return {
        ...common,
        steps: [{ approvers: [`slack_group:g${String(index)}`], quorum: 1 }],
        autoApprove: { upTo: AUTO_UP_TO, perPeriod: AUTO_PER_PERIOD, periodKind: "monthly" },
      };
  }
}

/** Each history's budget pushes its raises to one of two systems. */
export function targetOf({ index, team }: History): string {
  return index % 2 === 0 ? `litellm:team:${team}` : `anthropic:workspace:wrkspc_${team}`;
}

export async function createWorld(
  database: Database,
  histories: readonly History[],
): Promise<void> {
  const rows = histories.flatMap(({ team, people, roles }) =>
    [...roles.owners, people.req, people.mate].map((email) => ({
      team,
      email,
      role: roles.owners.includes(email) ? "owner" : "member",
    })),
  );
  await inTransaction(database, async (sql) => {
    await sql.query(`insert into admins (email) values ('root@sim.test')`);
    await sql.query(`insert into teams (team_key, name) select t, t from unnest($1::text[]) t`, [
      histories.map(({ team }) => team),
    ]);
    await sql.query(
      `insert into team_members (team_key, email, role)
       select * from unnest($1::text[], $2::text[], $3::text[])`,
      [rows.map(({ team }) => team), rows.map(({ email }) => email), rows.map(({ role }) => role)],
    );
    await replaceApprovalPolicies(sql, [
      ...histories.map(policyOf),
      { ...policyOfNobody(), match: {} },
    ]);
    await replaceGovernedBudgets(
      sql,
      histories.map(({ budgetId, team }) =>
        aGovernedBudget({ key: budgetId, scope: `team:${team}`, thresholdPercents: [] }),
      ),
      instant("2026-10-01T00:00:00Z"),
    );
    await replacePushRules(
      sql,
      histories.map((history) => ({ budgetId: history.budgetId, target: targetOf(history) })),
    );
  });
}

function policyOfNobody(): PolicySettings {
  return {
    steps: [{ approvers: ["admins"], quorum: 1 }],
    match: {},
    expiresInMs: HOUR_MS,
    escalateTo: [],
  };
}
