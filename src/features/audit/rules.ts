/**
 * The audit trail, the decisions: who may read which part, how an entry reads, what a whole export
 * may ask for. Pure. Separation of duties is rules/duties.ts.
 */
import type { Scope } from "../../domain/scope.ts";
import type { Instant } from "../../domain/time.ts";

/** An entry with its place in the chain. Snapshots are as they were recorded. */
export interface ChainedEntry {
  readonly sequence: number;
  readonly auditEntryId: string;
  readonly occurredAt: Instant;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly before: Snapshot | undefined;
  readonly after: Snapshot | undefined;
  readonly rule: Snapshot | undefined;
  readonly origin: Snapshot | undefined;
  readonly previousHash: string;
  readonly entryHash: string;
}

export type Snapshot = Readonly<Record<string, unknown>>;

/** What is asked for; every bound may be absent. Half-open in time. */
export interface AuditFilter {
  /** As texts, a scope with what belongs to it; undefined: everything. */
  readonly scopes?: readonly string[] | undefined;
  readonly from?: Instant | undefined;
  readonly until?: Instant | undefined;
}

interface Reader {
  readonly isAdmin: boolean;
  readonly isFinance?: boolean;
  readonly ownedTeams: readonly string[];
}

interface TeamParts {
  readonly key: string;
  readonly projects: readonly string[];
}

/**
 * Admins and finance read everything; owners what concerns their teams and those teams' projects. What a
 * member may see of a budget does not include who decided what about whom.
 */
export function mayReadAudit(reader: Reader, scope: Scope, teams: readonly TeamParts[]): boolean {
  if (reader.isAdmin || reader.isFinance === true) return true;
  if (scope.kind === "team") return reader.ownedTeams.includes(scope.key);
  if (scope.kind !== "project") return false;
  const team = teams.find(({ projects }) => projects.includes(scope.key));
  return team !== undefined && reader.ownedTeams.includes(team.key);
}

/** A scope and what belongs to it, as texts; undefined for the organization, which is everything. */
export function coveredScopes(
  scope: Scope,
  teams: readonly TeamParts[],
): readonly string[] | undefined {
  if (scope.kind === "org") return undefined;
  const own = `${scope.kind}:${scope.key}`;
  if (scope.kind !== "team") return [own];
  const projects = teams.find(({ key }) => key === scope.key)?.projects ?? [];
  return [own, ...projects.map((project) => `project:${project}`)];
}

/** What changed, a short text for each field: "limit: 500.00 → 700.00". */
export function changesOf(
  before: Snapshot | undefined,
  after: Snapshot | undefined,
): readonly string[] {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  return names.flatMap((name) => {
    const was = valueText(before?.[name]);
    const is = valueText(after?.[name]);
    if (was === is) return [];
    const label = name
      .replaceAll("_", " ")
      .replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
    if (was === "") return [`${label}: ${is}`];
    return [`${label}: ${was} → ${is === "" ? "none" : is}`];
  });
}

/** Amounts lose the zeros that only a program needs; lists read as lists. */
function valueText(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value.replace(/^(-?\d+\.\d\d)0+$/, "$1");
  if (Array.isArray(value)) return value.map(valueText).join(", ");
  return JSON.stringify(value);
}
