/** The shape of what a governance document says about shared cost, commitments and credits. */
import type { z } from "zod";
import { type Month, parseMonth } from "../../../domain/month.ts";
import type { Scope, ScopeKind } from "../../../domain/scope.ts";
import type {
  FieldPath,
  GovernedCommitment,
  GovernedCredit,
  GovernedSharedCost,
  GovernedSplit,
} from "../rules.ts";
import { isMapping } from "./parts.ts";
import { amount, key, parseKnownScope, text } from "./schema.ts";
import { leaf, listOf, mapping, matching, notEmpty } from "./shapes.ts";

const month = leaf<Month>("a month such as 2026-10", (value) =>
  typeof value === "string" ? parseMonth(value) : undefined,
);

/** A split without its teams, which stand under `to` unless each has its percent. */
type BareSplit =
  | { readonly kind: "even" }
  | { readonly kind: "proportional" }
  | { readonly kind: "metric"; readonly metric: string }
  | (GovernedSplit & { readonly kind: "percent" });

const split = leaf<BareSplit>(
  'even, proportional, { percent: { TEAM: "60", … } } with percentages in quotes, or { metric: NAME }',
  (value) => {
    if (value === "even" || value === "proportional") return { kind: value };
    if (!isMapping(value) || Object.keys(value).length !== 1) return undefined;
    const { metric, percent } = value;
    if (typeof metric === "string") {
      return /^[a-z][a-z0-9_]{0,62}$/.test(metric) ? { kind: "metric", metric } : undefined;
    }
    if (!isMapping(percent)) return undefined;
    const shares = Object.entries(percent).flatMap(([team, given]) => {
      const tenThousandths = parsePercent(given);
      return tenThousandths === undefined ? [] : [{ team, tenThousandths }];
    });
    return shares.length > 0 && shares.length === Object.keys(percent).length
      ? { kind: "percent", shares }
      : undefined;
  },
);

/** "12.5" → 125,000 ten-thousandths of a percent; undefined unless more than 0 and at most 100. */
function parsePercent(value: unknown): number | undefined {
  const match = typeof value === "string" ? /^(\d{1,3})(?:\.(\d{1,4}))?$/.exec(value) : null;
  if (match === null) return undefined;
  const share = Number(match[1]) * 10_000 + Number((match[2] ?? "").padEnd(4, "0"));
  return share > 0 && share <= 1_000_000 ? share : undefined;
}

export const sharedCostSchema = mapping({
  name: text.optional(),
  match: notEmpty(
    mapping({
      team: text.optional(),
      project: text.optional(),
      api_key_id: text.optional(),
      workspace_id: text.optional(),
      model: text.optional(),
    }),
    "expected at least one of team, project, api_key_id, workspace_id and model",
  ),
  split,
  to: listOf(key).optional(),
}).superRefine(({ split: how, to }, ctx) => {
  if (how.kind === "percent" && to !== undefined) {
    const message = "expected no list beside percent: the teams stand there";
    ctx.addIssue({ code: "custom", path: ["to"], message });
  }
  if (how.kind !== "percent" && (to === undefined || to.length === 0)) {
    const message = "expected the teams that share the cost";
    ctx.addIssue({ code: "custom", path: ["to"], message });
  }
});

function scopeOf(kinds: readonly ScopeKind[], expected: string) {
  return leaf<Scope>(expected, (value) => {
    const scope = parseKnownScope(value);
    return scope !== undefined && kinds.includes(scope.kind) ? scope : undefined;
  });
}

export const commitmentSchema = mapping({
  key: leaf("the key of a commitment, at most 80 characters", matching(/^\S{1,80}$/u)),
  name: text.optional(),
  scope: scopeOf(["org", "team", "workspace"], "org, team:KEY or workspace:ID").optional(),
  amount,
  from: month,
  through: month,
});

export const creditSchema = mapping({
  key: leaf("the key of a credit, at most 80 characters", matching(/^\S{1,80}$/u)),
  description: text.optional(),
  scope: scopeOf(["org", "team"], "org or team:KEY").optional(),
  amount,
  month,
});

export function sharedCostFrom(
  read: z.output<typeof sharedCostSchema>,
  path: FieldPath,
): GovernedSharedCost {
  const { match, split: how, to = [] } = read;
  return {
    name: read.name ?? `shared cost ${String(Number(path.at(-1)) + 1)}`,
    match: {
      ...(match.team === undefined ? {} : { team: match.team }),
      ...(match.project === undefined ? {} : { project: match.project }),
      ...(match.api_key_id === undefined ? {} : { apiKeyId: match.api_key_id }),
      ...(match.workspace_id === undefined ? {} : { workspaceId: match.workspace_id }),
      ...(match.model === undefined ? {} : { model: match.model }),
    },
    split: how.kind === "percent" ? how : { ...how, teams: to },
  };
}

const ORG: Scope = { kind: "org", key: "" };

export function commitmentFrom(read: z.output<typeof commitmentSchema>): GovernedCommitment {
  return {
    key: read.key,
    name: read.name ?? read.key,
    scope: read.scope ?? ORG,
    amount: read.amount,
    firstMonth: read.from,
    lastMonth: read.through,
  };
}

export function creditFrom(read: z.output<typeof creditSchema>): GovernedCredit {
  return {
    key: read.key,
    description: read.description ?? read.key,
    scope: read.scope ?? ORG,
    amount: read.amount,
    month: read.month,
  };
}
