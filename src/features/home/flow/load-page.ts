/** Everything on one person's Home, looked up as of now. Who may see what is organization's rules. */
import type { Email } from "../../../domain/email.ts";
import { sumUsd, type Usd, ZERO_USD } from "../../../domain/money.ts";
import { monthToDate, monthWord } from "../../../domain/month-to-date.ts";
import type { Scope } from "../../../domain/scope.ts";
import { addMs, type Clock, DAY_MS, type Instant, type Period } from "../../../domain/time.ts";
import type { Block } from "../../../slack/blocks.ts";
import type { Database } from "../../../store/database.ts";
import { listClosedFor } from "../../alerts/index.ts";
import { approvalCardBlocks, listOpenApprovals } from "../../approvals/index.ts";
import { loadBudgetStatus, raiseButtonValue } from "../../budgets/index.ts";
import { listRecentRejected } from "../../ingest/index.ts";
import {
  findPerson,
  listTeams,
  loadOrganization,
  mayViewScope,
  type Person,
  seesEverything,
  type Team,
} from "../../organization/index.ts";
import { loadOwnPreferences, preferencesText } from "../../preferences/index.ts";
import { loadReconciliation } from "../../reconciliation/index.ts";
import {
  type Attention,
  type BudgetLine,
  type HomePage,
  lastDays,
  openedRequest,
  SHOWN_MAX,
  type SpendLine,
  type TeamLine,
  unallocatedPercent,
} from "../rules.ts";
import * as store from "../store/page.ts";

export interface PageDeps {
  readonly database: Database;
  readonly clock: Clock;
}

export interface LoadedPage {
  readonly page: HomePage;
  /** The request that is shown in full, as its own feature draws it. */
  readonly opened: { readonly requestId: string; readonly card: readonly Block[] } | undefined;
  readonly isAdmin: boolean;
}

type Spans = ReturnType<typeof monthToDate>;

export async function loadPage(
  deps: PageDeps,
  email: Email,
  chosenRequestId: string | undefined,
): Promise<LoadedPage> {
  const { database, clock } = deps;
  const now = clock();
  const [person, allTeams, organization] = await Promise.all([
    findPerson(deps, email),
    listTeams(deps),
    loadOrganization(deps),
  ]);
  const zone = organization.timeZone;
  const spans = monthToDate(now, organization);
  const [models, previous, days, budgets, waiting, ownRequests, teams, whole, preferences] =
    await Promise.all([
      store.listOwnModels(database, email, spans.current),
      store.loadOwnCost(database, email, spans.previous),
      store.listOwnDays(database, email, lastDays(now, zone)),
      loadBudgets(database, [{ kind: "user", key: email }], now),
      listOpenApprovals(database, { approver: email }),
      store.listOwnRequests(database, email),
      loadTeams(database, teamsOf(person, allTeams), { spans, now }),
      seesEverything(person)
        ? loadWhole(deps, { person, name: organization.name, spans })
        : NOTHING,
      loadOwnPreferences(database, email),
    ]);
  const openedId = openedRequest(
    waiting.map(({ request }) => request.requestId),
    chosenRequestId,
  );
  const opened = waiting.find(({ request }) => request.requestId === openedId);
  return {
    isAdmin: person.isAdmin,
    opened:
      opened === undefined
        ? undefined
        : {
            requestId: opened.request.requestId,
            card: approvalCardBlocks({ ...opened, viewer: email }),
          },
    page: {
      now,
      zone,
      month: monthWord(organization),
      spend: { cost: sumUsd(models.map(({ cost }) => cost)), previous, days, models },
      budgets: budgets.map(({ line }) => line),
      waiting: { shown: waitingShown(waiting, openedId), count: waiting.length },
      attention: whole.attention,
      ownRequests: {
        shown: ownRequests.slice(0, SHOWN_MAX.ownRequests),
        count: ownRequests.length,
      },
      organization: whole.organization,
      teams,
      preferences: preferencesText(preferences),
    },
  };
}

type Waiting = Awaited<ReturnType<typeof listOpenApprovals>>[number];

/** The first to expire first, and the opened one in any case. */
function waitingShown(
  waiting: readonly Waiting[],
  openedId: string | undefined,
): HomePage["waiting"]["shown"] {
  const sorted = waiting.toSorted(
    (left, right) => left.request.expiresAt.getTime() - right.request.expiresAt.getTime(),
  );
  const shown = sorted.slice(0, SHOWN_MAX.requests);
  const opened = sorted.find(({ request }) => request.requestId === openedId);
  return (opened === undefined || shown.includes(opened) ? shown : [opened, ...shown.slice(1)]).map(
    ({ request }) => ({
      requestId: request.requestId,
      title: request.title,
      amount: request.requestedAmount,
      requester: request.requester,
      expiresAt: request.expiresAt,
    }),
  );
}

/** One's own; of somebody who sees everything and belongs nowhere, all of them. */
function teamsOf(person: Person, teams: readonly Team[]): readonly Team[] {
  const own = teams.filter(
    ({ key }) => person.ownedTeams.includes(key) || person.memberTeams.includes(key),
  );
  const visible = own.length === 0 && seesEverything(person) ? teams : own;
  return visible.filter(({ key }) => mayViewScope(person, { kind: "team", key }, teams));
}

async function loadTeams(
  database: Database,
  teams: readonly Team[],
  { spans, now }: { readonly spans: Spans; readonly now: Instant },
): Promise<HomePage["teams"]> {
  const keys = teams.map(({ key }) => key);
  const costs = await store.listTeamCosts(database, keys, spans.current);
  const costOf = ({ key }: Team): Usd => costs.get(key) ?? ZERO_USD;
  const shown = teams
    .toSorted((left, right) => compareUsd(costOf(right), costOf(left)) || compareText(left, right))
    .slice(0, SHOWN_MAX.teams);
  const budgets = await loadBudgets(
    database,
    shown.map(({ key }): Scope => ({ kind: "team", key })),
    now,
  );
  return {
    count: teams.length,
    shown: shown.map(
      (team): TeamLine => ({
        key: team.key,
        name: team.name,
        cost: costOf(team),
        budget: budgets.find(({ scope }) => scope.key === team.key)?.line,
      }),
    ),
  };
}

function compareUsd(left: Usd, right: Usd): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

function compareText(left: Team, right: Team): number {
  return left.key < right.key ? -1 : 1;
}

/** The nearest to its limit first. */
async function loadBudgets(
  database: Database,
  scopes: readonly Scope[],
  now: Instant,
): Promise<readonly { readonly scope: Scope; readonly line: BudgetLine }[]> {
  if (scopes.length === 0) return [];
  const statuses = await loadBudgetStatus(database, { scopes, now });
  return statuses.map((status) => ({
    scope: status.scope,
    line: {
      raiseValue: raiseButtonValue(status),
      periodKind: status.periodKind,
      limit: status.limit,
      spend: status.spend,
      percent: status.percent,
      periodEnd: status.period.end,
      zone: status.timeZone,
      forecast: status.forecast?.expected,
    },
  }));
}

interface Whole {
  readonly organization: SpendLine | undefined;
  readonly attention: readonly Attention[];
}

const NOTHING: Whole = { organization: undefined, attention: [] };
const DRIFT_DAYS = 31;

/** For who sees everything: the organization's spend, and what somebody should look after. */
async function loadWhole(
  deps: PageDeps,
  of: { readonly person: Person; readonly name: string; readonly spans: Spans },
): Promise<Whole> {
  const { database } = deps;
  const { person, name, spans } = of;
  const end = spans.current.end;
  const lately: Period = { start: addMs(end, -DRIFT_DAYS * DAY_MS), end };
  const [current, previous, rejected, { standing }, increases, closed] = await Promise.all([
    store.loadOrganizationCost(database, spans.current),
    store.loadOrganizationCost(database, spans.previous),
    listRecentRejected(deps),
    loadReconciliation(deps, lately),
    store.countPendingIncreases(database),
    listClosedFor(database, person.email),
  ]);
  const { cost, unallocated } = current;
  const attention: readonly (Attention | false)[] = [
    closed.length > 0 && {
      kind: "closed",
      channels: closed.map(({ destination }) => destination),
    },
    rejected.length > 0 && {
      kind: "rejected",
      events: rejected.reduce((sum, { count }) => sum + count, 0),
      sources: [...new Set(rejected.map(({ source }) => source))],
    },
    unallocated > 0n && {
      kind: "unallocated",
      cost: unallocated,
      percent: unallocatedPercent(current),
    },
    standing.driftingDays.length > 0 && {
      kind: "drift",
      days: standing.driftingDays.length,
      amount: standing.drift,
    },
    increases > 0 && { kind: "increases", count: increases },
  ];
  return {
    organization: { name, cost, previous: previous.cost },
    attention: attention.filter((one) => one !== false),
  };
}
