/** Answers `Why?` with sums: who and what moved against the span before. Looks only. */
import { NO_DRIVER } from "../../../domain/alert.ts";
import type { Scope, ScopeKind } from "../../../domain/scope.ts";
import type { Instant, Period } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { Team } from "../../organization/index.ts";
import { type Explanation, spansOf } from "../rules/explanation.ts";
import { listMovers, loadTotals, type MoverKind } from "../store/movers.ts";

/** More names are a report. */
const MOVERS_MAX = 4;

/** What a scope is broken down by, the most telling first. */
const BREAKDOWN: Readonly<Record<ScopeKind, readonly MoverKind[]>> = {
  org: ["team", "user", "model"],
  team: ["user", "project", "model"],
  project: ["user", "model"],
  user: ["project", "model"],
  api_key: ["user", "model"],
  workspace: ["user", "model"],
  model: ["user", "project"],
  tag: ["user", "project", "model"],
};

export interface Explained {
  readonly scope: Scope;
  readonly name: string;
  readonly period: Period | undefined;
  /** Whether the reader may see what single people spent. */
  readonly maySeePeople: boolean;
  readonly teams: readonly Team[];
  readonly now: Instant;
  /** What to compare; otherwise the period so far and what `spansOf` holds against it. */
  readonly spans?: { readonly span: Period; readonly before: Period };
  /** Break it down by keys as well. */
  readonly isByKey?: boolean;
}

/** Something that explains a scope's spend; `explain` does it with sums alone. */
export type Explain = (sql: Sql, of: Explained) => Promise<Explanation>;

export const explain: Explain = async (sql, of) => {
  const spans = of.spans ?? spansOf(of.period, of.now);
  const { scope } = of;
  const total = await loadTotals(sql, { ...spans, scope });
  const movers = [];
  const byKey = of.isByKey === true && scope.kind !== "api_key" ? (["api_key"] as const) : [];
  for (const by of [...BREAKDOWN[scope.kind], ...byKey]) {
    // A key is often one person's.
    if ((by === "user" || by === "api_key") && !of.maySeePeople) continue;
    // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
    const found = await listMovers(sql, { ...spans, scope, by, moversMax: MOVERS_MAX });
    const top = found.map(({ key, now, before }) => ({
      name: key === undefined ? NO_DRIVER[by] : nameOf(by, key, of.teams),
      now,
      before,
    }));
    movers.push({ by, top });
  }
  return { name: of.name, ...spans, total, movers };
};

function nameOf(by: MoverKind, key: string, teams: readonly Team[]): string {
  return by === "team" ? (teams.find((team) => team.key === key)?.name ?? key) : key;
}
