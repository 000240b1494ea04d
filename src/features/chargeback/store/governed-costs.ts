/** Chargeback, the SQL of what governance says. Owns: shared_cost_rules, commitments, credits. */
import { z } from "zod";
import { usdFromDecimal, usdToDecimal } from "../../../domain/money.ts";
import { monthFrom } from "../../../domain/month.ts";
import { formatScope, scopeFrom } from "../../../domain/scope.ts";
import type { Sql } from "../../../store/database.ts";
import type { Commitment, Credit, SharedCostRule } from "../rules.ts";

export interface GovernedCosts {
  readonly sharedCosts: readonly SharedCostRule[];
  readonly commitments: readonly Commitment[];
  readonly credits: readonly Credit[];
}

/** Makes these the only ones. Several statements: call it inside a transaction. */
export async function replaceGovernedCosts(sql: Sql, governed: GovernedCosts): Promise<void> {
  const { sharedCosts, commitments, credits } = governed;
  await sql.query(`delete from shared_cost_rules`);
  await sql.query(
    `insert into shared_cost_rules (position, name, match, split)
     select n.position, n.name, n.match::jsonb, n.split::jsonb
       from unnest($1::text[], $2::text[], $3::text[]) with ordinality
         as n (name, match, split, position)`,
    [
      sharedCosts.map(({ name }) => name),
      sharedCosts.map(({ match }) => JSON.stringify(match)),
      sharedCosts.map(({ split }) => JSON.stringify(split)),
    ],
  );
  await sql.query(`delete from commitments`);
  await sql.query(
    `insert into commitments (commitment_key, name, scope, amount_usd, first_month, last_month)
     select n.commitment_key, n.name, n.scope, n.amount_usd, n.first_month, n.last_month
       from unnest($1::text[], $2::text[], $3::text[], $4::numeric[], $5::text[], $6::text[])
         as n (commitment_key, name, scope, amount_usd, first_month, last_month)`,
    [
      commitments.map(({ key }) => key),
      commitments.map(({ name }) => name),
      commitments.map(({ scope }) => formatScope(scope)),
      commitments.map(({ amount }) => usdToDecimal(amount)),
      commitments.map(({ firstMonth }) => firstMonth),
      commitments.map(({ lastMonth }) => lastMonth),
    ],
  );
  await sql.query(`delete from credits`);
  await sql.query(
    `insert into credits (credit_key, description, scope, amount_usd, month)
     select n.credit_key, n.description, n.scope, n.amount_usd, n.month
       from unnest($1::text[], $2::text[], $3::text[], $4::numeric[], $5::text[])
         as n (credit_key, description, scope, amount_usd, month)`,
    [
      credits.map(({ key }) => key),
      credits.map(({ description }) => description),
      credits.map(({ scope }) => formatScope(scope)),
      credits.map(({ amount }) => usdToDecimal(amount)),
      credits.map(({ month }) => month),
    ],
  );
}

/** In one order: commitments and credits by their keys, rules in theirs. */
export async function loadGovernedCosts(sql: Sql): Promise<GovernedCosts> {
  const [rules, commitments, credits] = [
    await sql.query<{ readonly name: string; readonly match: unknown; readonly split: unknown }>(
      `select r.name, r.match, r.split from shared_cost_rules r order by r.position`,
    ),
    await sql.query<CommitmentRow>(
      `select c.commitment_key, c.name, c.scope, c.amount_usd::text, c.first_month, c.last_month
         from commitments c
        order by c.commitment_key`,
    ),
    await sql.query<CreditRow>(
      `select c.credit_key, c.description, c.scope, c.amount_usd::text, c.month
         from credits c
        order by c.credit_key`,
    ),
  ];
  return {
    sharedCosts: rules.rows.map(({ name, match, split }) => ({
      name,
      match: storedMatch.parse(match),
      split: storedSplit.parse(split),
    })),
    commitments: commitments.rows.map((row) => ({
      key: row.commitment_key,
      name: row.name,
      scope: scopeFrom(row.scope),
      amount: usdFromDecimal(row.amount_usd),
      firstMonth: monthFrom(row.first_month),
      lastMonth: monthFrom(row.last_month),
    })),
    credits: credits.rows.map((row) => ({
      key: row.credit_key,
      description: row.description,
      scope: scopeFrom(row.scope),
      amount: usdFromDecimal(row.amount_usd),
      month: monthFrom(row.month),
    })),
  };
}

interface CommitmentRow {
  readonly commitment_key: string;
  readonly name: string;
  readonly scope: string;
  readonly amount_usd: string;
  readonly first_month: string;
  readonly last_month: string;
}

interface CreditRow {
  readonly credit_key: string;
  readonly description: string;
  readonly scope: string;
  readonly amount_usd: string;
  readonly month: string;
}

const storedMatch = z.strictObject({
  team: z.string().exactOptional(),
  project: z.string().exactOptional(),
  apiKeyId: z.string().exactOptional(),
  workspaceId: z.string().exactOptional(),
  model: z.string().exactOptional(),
});

const storedSplit = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.enum(["even", "proportional"]), teams: z.array(z.string()) }),
  z.strictObject({ kind: z.literal("metric"), metric: z.string(), teams: z.array(z.string()) }),
  z.strictObject({
    kind: z.literal("percent"),
    shares: z.array(z.strictObject({ team: z.string(), tenThousandths: z.number() })),
  }),
]);
