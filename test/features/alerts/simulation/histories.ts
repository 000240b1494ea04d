/**
 * The histories of a world: each is one budget of one scope with a story of its own. Some have a
 * budget to themselves (of a team, a person or a tag), most are members of a few budgets of
 * `each:…`, which are looked at many members at a time.
 */
import { type SeededRandom, seededRandom } from "../../../support/seeded-random.ts";
import {
  type Facts,
  type Model,
  type PeriodKind,
  periodAt,
  type Span,
  type States,
  spentIn,
} from "./oracle.ts";
import { type OutlookState, UNSAID } from "./outlook-oracle.ts";

export const BEFORE = new Date("2026-10-01T00:00:00Z");
/** Usage of this workspace is discounted for a while, and re-rated when that changes. */
export const DISCOUNTED_WORKSPACE = "wrkspc_sim";
/** Projects of one team, which read of them in one channel. */
const PROJECTS_A_TEAM = 12;

/** An event as it was delivered, to be delivered again. */
export interface Sent {
  readonly id: string;
  readonly raw: Readonly<Record<string, unknown>>;
}

export interface History {
  readonly index: number;
  readonly name: string;
  readonly random: SeededRandom;
  readonly scope: string;
  readonly budgetId: string;
  readonly memberKey: string;
  /** As an event says whose it is. */
  readonly owner: Readonly<Record<string, unknown>>;
  /** As the outbox names it. */
  readonly destination: string;
  readonly channelId: string;
  /** Set: the team of its channel and projects. */
  readonly team: string | undefined;
  readonly zone: string;
  readonly model: Model;
  /** Its forecast, its pace and the beginnings of its periods are told as well. */
  readonly hasOutlook: boolean;
  readonly forecastThresholds: readonly number[];
  /** What the program may know of its forecasts. */
  outlook: readonly OutlookState[];
  /** When more is expected. */
  readonly plans: Span[];
  readonly isDiscounted: boolean;
  /** At list price, in cents. */
  readonly listCosts: Map<string, number>;
  /** What the program had recorded at the end of the last round. */
  facts: Facts;
  /** What the program may have recorded by now. */
  states: States;
  sent: Sent[];
  /** What was spent in a period at some time, in cents: "period start|cents". */
  readonly totals: Set<string>;
  /** The same person's budget of `each:…`: what is spent counts towards both. */
  twin: History | undefined;
  isSnoozed: boolean;
  /** What happened, for whoever reads of a fault. */
  readonly story: string[];
}

/** As alerts name the budget of one member. */
export function budgetOf({ budgetId, memberKey }: History): string {
  return `${budgetId}/${memberKey}`;
}

/** A budget of `each:…` and its members, whose limit and thresholds are one. */
export interface Group {
  readonly budgetId: string;
  readonly scope: string;
  readonly members: readonly History[];
}

export function tell(history: History, what: string): void {
  history.story.push(what);
}

/** Something was spent, or is no longer: whoever looks after it has to look, if it counts now. */
export function noteSpent(world: { readonly now: Date }, history: History, at: number): void {
  const { model, states, totals, twin } = history;
  const period = periodAt(model, world.now.getTime());
  for (const span of [period, periodAt(model, at)]) {
    totals.add(`${String(span.start)}|${String(spentIn(model, span))}`);
  }
  if (at >= period.start) {
    history.states = { owing: [...states.owing, ...states.free], free: [] };
  }
  if (twin !== undefined) noteSpent(world, twin, at);
}

const THRESHOLDS: readonly (readonly number[])[] = [
  [50, 80, 100],
  [80],
  [25, 50, 75, 100, 150],
  [100],
];

/** A budget to itself: of a team, of a person, of a tag. */
export function ownHistory(index: number, seed: number): History {
  const random = seededRandom(seed);
  const name = `h${String(index)}`;
  const kind = (["team", "team", "user", "team", "tag", "user"] as const)[index % 6] ?? "team";
  const isBerlin = random.chance(0.3);
  const cents = 500 + random.below(20) * 100;
  const id = String(index).padStart(8, "0");
  const isPerson = kind === "user";
  return {
    ...untold(index, random),
    name,
    budgetId: name,
    memberKey: "",
    scope: { team: `team:${name}`, user: `user:${name}@sim.test`, tag: `tag:job=${name}` }[kind],
    owner: {
      team: { team: name },
      user: { user_email: `${name}@sim.test` },
      tag: { tags: { job: name } },
    }[kind],
    destination: { team: `#${name}`, user: `email:${name}@sim.test`, tag: "#finops" }[kind],
    channelId: isPerson ? `DSM${id}` : `CSM${id}`,
    team: kind === "team" ? name : undefined,
    zone: isBerlin ? "Europe/Berlin" : "UTC",
    hasOutlook: index % 5 < 2,
    forecastThresholds: random.pick([[100], [80, 100, 120]]),
    model: newModel({
      periodKind: random.pick(["daily", "weekly", "monthly"]),
      cents,
      zoneOffset: isBerlin ? 3_600_000 : 0,
      thresholds: random.pick(THRESHOLDS),
      rollOverPercent: random.chance(0.3) ? random.pick([50, 100]) : undefined,
    }),
  };
}

const GROUPS = [
  { kind: "user", budgetId: "each-person", periodKind: "weekly", share: 0.7 },
  { kind: "project", budgetId: "each-project", periodKind: "monthly", share: 0.22 },
  { kind: "api_key", budgetId: "each-key", periodKind: "daily", share: 0.08 },
] as const;

/** `own`: people who have a budget to themselves are members all the same. */
export function groupsOf(own: readonly History[], members: number, seed: number): Group[] {
  return GROUPS.map((group) => {
    const random = seededRandom(seed + group.share * 100);
    const thresholds = [50, 80, 100];
    const rollOverPercent = random.chance(0.5) ? 50 : undefined;
    const { budgetId, kind, periodKind } = group;
    const model = (): Model =>
      newModel({ periodKind, cents: 2_000, zoneOffset: 0, thresholds, rollOverPercent });
    const twins = own.filter((history) => history.scope.startsWith(`${kind}:`));
    return {
      budgetId,
      scope: `each:${kind}`,
      members: [
        ...Array.from({ length: Math.round(members * group.share) }, (_, index) =>
          memberHistory(group, { index, seed, model: model() }),
        ),
        ...twins.map((history) => twinOf(history, budgetId, model())),
      ],
    };
  });
}

function twinOf(history: History, budgetId: string, model: Model): History {
  const memberKey = history.scope.slice(history.scope.indexOf(":") + 1);
  const { costs } = history.model;
  const twin: History = {
    ...history,
    ...untold(history.index, history.random),
    budgetId,
    memberKey,
    hasOutlook: false,
    listCosts: new Map(),
    model: { ...model, costs },
    story: history.story,
  };
  history.twin = twin;
  return twin;
}

function memberHistory(
  { kind, budgetId }: (typeof GROUPS)[number],
  of: { readonly index: number; readonly seed: number; readonly model: Model },
): History {
  const { index, seed, model } = of;
  const prefix = { user: "p", project: "j", api_key: "k" }[kind];
  const name = `${prefix}${String(index)}`;
  const id = String(index).padStart(7, "0");
  const team = `t${String(Math.floor(index / PROJECTS_A_TEAM))}`;
  const memberKey = kind === "user" ? `${name}@sim.test` : name;
  return {
    ...untold(index, seededRandom(seed * 31 + index * 7 + prefix.charCodeAt(0))),
    name,
    budgetId,
    memberKey,
    scope: `${kind}:${memberKey}`,
    owner: {
      user: { user_email: memberKey },
      project: { project: name },
      api_key: { api_key_id: name },
    }[kind],
    destination: { user: `email:${memberKey}`, project: `#${team}`, api_key: "#finops" }[kind],
    channelId: kind === "user" ? `DSP${id}` : `CSJ${team.slice(1).padStart(7, "0")}`,
    team: kind === "project" ? team : undefined,
    zone: "UTC",
    hasOutlook: false,
    model,
  };
}

function untold(
  index: number,
  random: SeededRandom,
): Pick<
  History,
  | "index"
  | "random"
  | "isDiscounted"
  | "listCosts"
  | "facts"
  | "states"
  | "sent"
  | "totals"
  | "twin"
  | "isSnoozed"
  | "forecastThresholds"
  | "outlook"
  | "plans"
  | "story"
> {
  return {
    index,
    random,
    // By number and not by chance: whether anybody pays half must not depend on the seed.
    isDiscounted: index % 10 < 3,
    listCosts: new Map(),
    facts: new Map(),
    states: { owing: [], free: [new Map()] },
    sent: [],
    totals: new Set(),
    twin: undefined,
    isSnoozed: false,
    forecastThresholds: [],
    outlook: [UNSAID],
    plans: [],
    story: [],
  };
}

function newModel(of: {
  readonly periodKind: PeriodKind;
  readonly cents: number;
  readonly zoneOffset: number;
  readonly thresholds: readonly number[];
  readonly rollOverPercent: number | undefined;
}): Model {
  const { cents, ...rest } = of;
  return {
    ...rest,
    base: cents,
    limits: [{ at: BEFORE.getTime(), limit: cents }],
    grants: [],
    costs: new Map(),
  };
}
