/**
 * What digests of one span say: the numbers of all their scopes come in a handful of queries, then
 * each digest takes its own. What a channel is told holds no amount and no name of a single person.
 */

import type { Email } from "../../../domain/email.ts";
import { ZERO_USD } from "../../../domain/money.ts";
import { formatScope, ORG_SCOPE, type Scope, typedScope } from "../../../domain/scope.ts";
import { type Instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import { listBudgetStatus } from "../../budgets/index.ts";
import {
  findPerson,
  listTeams,
  loadOrganization,
  mayViewScope,
  type Organization,
  type Person,
  scopeName,
  type Team,
} from "../../organization/index.ts";
import { type Basis, basisOf, loadReconciliation } from "../../reconciliation/index.ts";
import { type Decisions, NO_DECISIONS } from "../messages/decisions.ts";
import type { NamedMover, NewThings } from "../messages/parts.ts";
import type { DigestContent } from "../messages.ts";
import { chartPeriod, type DigestBudget, dayPoints, isBudgetOf, movers } from "../rules/content.ts";
import {
  countRejectedEvents,
  countUndelivered,
  listOpenRequests,
  type OpenRequest,
} from "../store/facts.ts";
import { type FirstRow, findDataUntil, type SpentRow } from "../store/figures.ts";
import { type Figures, loadFigures, totalsOf, type Wanted } from "./figures.ts";

/** What several digests have in common. */
export interface DigestGroup extends Wanted {
  /** When the slot was: what is said is what was so then. */
  readonly asOf: Instant;
}

export interface DigestSubject {
  readonly scope: Scope;
  /** For whom alone it is; undefined: for a channel. */
  readonly reader: Email | undefined;
}

interface Shared {
  readonly group: DigestGroup;
  readonly organization: Organization;
  readonly teams: readonly Team[];
  readonly figures: Figures;
  readonly budgets: readonly (DigestBudget & { readonly scope: Scope })[];
  readonly requests: readonly OpenRequest[];
  /** Of the organization alone. */
  readonly trouble: Pick<Decisions, "rejectedEvents" | "undelivered" | "driftingDays">;
  readonly dataUntil: Instant | undefined;
}

/** The content of each subject, in their order. */
export async function loadContents(
  sql: Sql,
  group: DigestGroup,
  subjects: readonly DigestSubject[],
): Promise<readonly DigestContent[]> {
  const organization = await loadOrganization({ database: sql });
  const teams = await listTeams({ database: sql });
  const people = await loadReaders(sql, subjects);
  const scopes = scopesToRead(subjects, people, teams);
  const shared: Shared = {
    group,
    organization,
    teams,
    figures: await loadFigures(sql, group, scopes),
    budgets: await loadBudgets(sql, subjects, { group, teams, organization }),
    requests: await listOpenRequests(sql),
    trouble: await loadTrouble(sql, subjects, group),
    dataUntil: await findDataUntil(sql, group.asOf),
  };
  const bases = await loadBases(sql, subjects, group);
  return subjects.map((subject) => {
    const { scope, reader } = subject;
    const person = reader === undefined ? undefined : people.get(reader);
    const basis = bases.get(basisKey(scope)) ?? { kind: "estimated", asOf: undefined };
    return { ...contentOf(scope, person, shared), basis };
  });
}

async function loadReaders(
  sql: Sql,
  subjects: readonly DigestSubject[],
): Promise<ReadonlyMap<Email, Person>> {
  const people = new Map<Email, Person>();
  for (const { reader } of subjects) {
    if (reader === undefined || people.has(reader)) continue;
    // oxlint-disable-next-line no-await-in-loop -- one connection, one question after the other
    people.set(reader, await findPerson({ database: sql }, reader));
  }
  return people;
}

/** The subjects' own, and those of which a reader is told beside it. */
function scopesToRead(
  subjects: readonly DigestSubject[],
  people: ReadonlyMap<Email, Person>,
  teams: readonly Team[],
): readonly Scope[] {
  const scopes = new Map<string, Scope>();
  for (const { scope, reader } of subjects) {
    const person = reader === undefined ? undefined : people.get(reader);
    const beside = person === undefined || scope.kind !== "user" ? [] : teamsBeside(person, teams);
    for (const one of [scope, ...beside]) scopes.set(formatScope(one), one);
  }
  return [...scopes.values()];
}

/** Of which scopes a person is told beside their own: their teams, as far as they may see them. */
function teamsBeside(person: Person, teams: readonly Team[]): readonly Scope[] {
  const theirs = new Set([...person.ownedTeams, ...person.memberTeams]);
  return teams
    .filter(({ key }) => theirs.has(key))
    .map(({ key }): Scope => ({ kind: "team", key }))
    .filter((scope) => mayViewScope(person, scope, teams));
}

function contentOf(
  scope: Scope,
  person: Person | undefined,
  shared: Shared,
): Omit<DigestContent, "basis"> {
  const { group, teams, organization, figures } = shared;
  const { every, zone, span, asOf } = group;
  const key = formatScope(scope);
  const rows = figures.spent.get(key) ?? [];
  const own = scope.kind === "user" && scope.key === person?.email ? person : undefined;
  const isOwn = own !== undefined;
  const by = scope.kind === "org" ? "team" : "project";
  const named = (list: ReturnType<typeof movers>, isTeam: boolean): readonly NamedMover[] =>
    list.map((mover) => ({
      ...mover,
      name: isTeam && mover.key !== null ? teamName(mover.key, teams) : mover.key,
    }));
  const besides = own === undefined ? [] : teamsBeside(own, teams);
  return {
    name: isOwn ? "You" : scopeName(scope, teams, organization),
    typed: typedScope(scope, person?.email),
    isOwn,
    every,
    zone,
    period: span.current,
    ...totalsOf(rows),
    days: dayPoints(figures.days.get(key) ?? [], chartPeriod(span, every, zone), zone),
    by,
    owners: named(
      movers(rows, (row) => row[by]),
      by === "team",
    ),
    models: named(
      movers(rows, ({ model }) => model),
      false,
    ),
    news: newThings(figures.firsts.get(key) ?? [], isOwn),
    budgets: budgetsOf(scope, shared),
    teams: besides.map((team) => {
      const spent = totalsOf(figures.spent.get(formatScope(team)) ?? []);
      return { ...spent, key: team.key, name: teamName(team.key, teams) };
    }),
    decisions: decisionsOf(scope, person, rows, shared),
    dataUntil: shared.dataUntil,
    asOf,
  };
}

function teamName(key: string, teams: readonly Team[]): string {
  return teams.find((team) => team.key === key)?.name ?? key;
}

function newThings(firsts: readonly FirstRow[], isOwn: boolean): NewThings {
  const of = (kind: FirstRow["kind"]): readonly string[] =>
    firsts.filter((first) => first.kind === kind).map(({ key, name }) => name ?? key);
  return {
    models: of("model"),
    projects: of("project"),
    apiKeys: of("api_key"),
    people: isOwn ? 0 : of("user").length,
  };
}

function budgetsOf(scope: Scope, { budgets, teams }: Shared): readonly DigestBudget[] {
  const team = scope.kind === "team" ? teams.find(({ key }) => key === scope.key) : undefined;
  const projects = team === undefined ? undefined : new Set(team.projects);
  return budgets.filter((budget) => isBudgetOf(scope, budget.scope, projects));
}

function decisionsOf(
  scope: Scope,
  person: Person | undefined,
  rows: readonly SpentRow[],
  { requests, teams, trouble }: Shared,
): Decisions {
  if (person !== undefined && scope.kind === "user") {
    const mine = requests.filter(({ waitingFor }) => waitingFor.includes(person.email));
    return { ...NO_DECISIONS, requests: mine.map(({ title }) => title), requestCount: mine.length };
  }
  const team = teams.find(({ key }) => scope.kind === "team" && key === scope.key);
  const covered = new Set([
    formatScope(scope),
    ...(team?.projects ?? []).map((key) => formatScope({ kind: "project", key })),
  ]);
  const about = requests.filter((request) => scope.kind === "org" || covered.has(request.scope));
  // Who asks for more of their own is between them and whoever decides it.
  const told = about.filter((request) => !request.scope.startsWith("user:"));
  const isOrganization = scope.kind === "org";
  return {
    requests: told.map(({ title }) => title),
    requestCount: about.length,
    unallocated: isOrganization ? totalsOf(rows.filter((row) => row.team === null)).cost : ZERO_USD,
    ...(isOrganization ? trouble : { rejectedEvents: 0, undelivered: 0, driftingDays: 0 }),
  };
}

/** Where the budgets stood at the slot that any of the subjects may tell of. */
async function loadBudgets(
  sql: Sql,
  subjects: readonly DigestSubject[],
  {
    group,
    teams,
    organization,
  }: {
    readonly group: DigestGroup;
    readonly teams: readonly Team[];
    readonly organization: Organization;
  },
): Promise<Shared["budgets"]> {
  const isOrganization = subjects.some(({ scope }) => scope.kind === "org");
  const wanted = new Map<string, Scope>();
  const want = (scope: Scope): void => void wanted.set(formatScope(scope), scope);
  const inside = (team: Team): void => {
    want({ kind: "team", key: team.key });
    for (const key of team.projects) want({ kind: "project", key });
  };
  for (const { scope } of subjects) want(scope);
  for (const team of teams) {
    if (isOrganization || wanted.has(formatScope({ kind: "team", key: team.key }))) inside(team);
  }
  const statuses = await listBudgetStatus(sql, { scopes: [...wanted.values()], now: group.asOf });
  return statuses.map(({ scope, periodKind, percent, limit, spend, forecast }) => ({
    scope,
    name: scopeName(scope, teams, organization),
    periodKind,
    percent,
    limit,
    spend,
    expected: forecast?.expected,
  }));
}

/** What keeps the numbers of the organization from being whole; asked only where somebody is told. */
async function loadTrouble(
  sql: Sql,
  subjects: readonly DigestSubject[],
  { span: { current } }: DigestGroup,
): Promise<Shared["trouble"]> {
  if (subjects.every(({ scope }) => scope.kind !== "org")) {
    return { rejectedEvents: 0, undelivered: 0, driftingDays: 0 };
  }
  const { standing } = await loadReconciliation({ database: sql }, current);
  return {
    rejectedEvents: await countRejectedEvents(sql, current),
    undelivered: await countUndelivered(sql, current),
    driftingDays: standing.driftingDays.length,
  };
}

/** What figures rest on is the same for all scopes but workspaces and models. */
async function loadBases(
  sql: Sql,
  subjects: readonly DigestSubject[],
  { span: { current } }: DigestGroup,
): Promise<ReadonlyMap<string, Basis>> {
  const bases = new Map<string, Basis>();
  for (const { scope } of subjects) {
    const key = basisKey(scope);
    if (bases.has(key)) continue;
    const figure = { scope: key === "org" ? ORG_SCOPE : scope, period: current };
    // oxlint-disable-next-line no-await-in-loop -- once for nearly all of them
    bases.set(key, await basisOf({ database: sql }, figure));
  }
  return bases;
}

function basisKey(scope: Scope): string {
  return scope.kind === "workspace" || scope.kind === "model" ? formatScope(scope) : "org";
}
