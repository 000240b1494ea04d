/**
 * What happens to a history in a round: usage that comes late, twice, in any order or put right;
 * limits that are raised, lowered and given back; thresholds that are edited; an alert that is
 * snoozed; an event that is announced. Each is done to the program and to the model.
 */
import { emailFrom } from "../../../../src/domain/email.ts";
import { scopeFrom } from "../../../../src/domain/scope.ts";
import { instant } from "../../../../src/domain/time.ts";
import { actOnAlert } from "../../../../src/features/alerts/flow/act.ts";
import { planEvent } from "../../../../src/features/alerts/flow/plan-event.ts";
import { raiseEffects } from "../../../../src/features/budgets/index.ts";
import { usd } from "../../../support/builders.ts";
import { DISCOUNTED_WORKSPACE, type History, noteSpent, type Sent, tell } from "./histories.ts";
import { alterLimit, periodAt } from "./oracle.ts";
import type { World } from "./world.ts";
import { changing, type Deed, limitDeed } from "./world-deeds.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const DANA = emailFrom("dana@acme.test");
/** $20 for a million output tokens, so this many for a cent. */
const TOKENS_A_CENT = 500;

export function chooseDeed(world: World, history: History): Deed | undefined {
  const { random, model, sent, memberKey } = history;
  const dice = random.next();
  if (dice < 0.08) return undefined;
  if (dice < 0.5) return spend(world, history);
  if (dice < 0.57 && sent.length > 0) return { kind: "usage", sent: random.pick(sent) };
  if (dice < 0.71 && model.costs.size > 0) return putRight(world, history);
  if (dice < 0.8) return memberKey === "" ? edit(world, history) : spend(world, history);
  if (dice < 0.83) return snooze(world, history);
  if (dice < 0.85 && history.hasOutlook) return plan(world, history);
  // Each raise locks the budget that members share: a few are enough.
  if (memberKey !== "" && dice > 0.86) return spend(world, history);
  if (dice < 0.93) return grant(world, history);
  const open = model.grants.filter(({ until }) => until > world.now.getTime());
  return open.length > 0 ? revoke(world, history) : spend(world, history);
}

const DAYS_OF = { daily: 1, weekly: 7, monthly: 30 } as const;

/**
 * Days of usage before the story begins: without them there is no forecast. Going on like this
 * takes the period to somewhere near its limit.
 */
export function past(world: World, history: History): Deed[] {
  const { random, model } = history;
  const usual =
    (model.base / DAYS_OF[model.periodKind]) * random.pick([0.5, 0.8, 0.9, 1, 1.1, 1.3]);
  return Array.from({ length: 12 }, (_, days): Deed => {
    const at = world.now.getTime() - (days + 1) * DAY;
    const sent = event(history, {
      id: `${history.name}-past-${String(days)}`,
      at: Math.floor(at / DAY) * DAY + 9 * 60 * MINUTE,
      cents: 1 + Math.floor(usual * (0.7 + 0.6 * random.next())),
    });
    enterSent(world, history, sent);
    return { kind: "usage", sent };
  });
}

function event(
  { owner, isDiscounted }: History,
  of: { readonly id: string; readonly at: number; readonly cents: number },
): Sent {
  // Half of it is whole cents: how halves are rounded is told elsewhere.
  const cents = isDiscounted ? 2 * Math.ceil(of.cents / 2) : of.cents;
  return {
    id: of.id,
    raw: {
      event_id: of.id,
      occurred_at: new Date(of.at).toISOString(),
      model: "claude-opus-5-5",
      usage: { input_tokens: 0, output_tokens: cents * TOKENS_A_CENT },
      ...(isDiscounted ? { workspace_id: DISCOUNTED_WORKSPACE } : {}),
      ...owner,
    },
  };
}

/** Mostly of now, sometimes late, sometimes so late that it counts in the period before. */
function spend(world: World, history: History): Deed {
  const { random, model, name, memberKey } = history;
  const now = world.now.getTime();
  const { start, end } = periodAt(model, now);
  const lateMs = random.chance(0.6)
    ? 0
    : random.below(random.chance(0.3) ? 2 * (end - start) : now - start);
  // Whole quarters of an hour, and never ahead of a clock that is slow.
  const quarter = 15 * MINUTE;
  const at = Math.floor((now - lateMs - quarter) / quarter) * quarter + MINUTE;
  // Most members spend little: that nobody hears of them is checked as well.
  const sizes = memberKey === "" ? [0.1, 0.4, 1.2] : [0.05, 0.1, 0.1, 0.2, 0.9];
  const cents = 1 + random.below(Math.ceil(model.base * random.pick(sizes)));
  const id = `${name}-${String(history.sent.length)}`;
  const sent = event(history, { id, at, cents });
  history.sent.push(sent);
  // A correction may have come before it; then it counts no more.
  if (random.chance(0.08)) {
    const next = event(history, { id: `${id}-fix`, at, cents: 1 + random.below(model.base) });
    const fix = { id: next.id, raw: { ...next.raw, corrects: id } };
    history.sent.push(fix);
    enterSent(world, history, fix);
    return { kind: "usage", sent: fix };
  }
  enterSent(world, history, sent);
  return { kind: "usage", sent };
}

/** So much at once that it is told, whatever its limit is: many of them are a storm. */
export function splurge(world: World, history: History): Deed {
  const quarter = 15 * MINUTE;
  const at = Math.floor((world.now.getTime() - quarter) / quarter) * quarter + MINUTE;
  const id = `${history.name}-${String(history.sent.length)}`;
  const sent = event(history, { id, at, cents: 3 * history.model.base });
  history.sent.push(sent);
  enterSent(world, history, sent);
  return { kind: "usage", sent };
}

/** What counts from now on, and what the discount makes of it. */
function enterSent(world: World, history: History, { id, raw }: Sent): void {
  const usage = raw["usage"] as { readonly output_tokens: number };
  const at = new Date(String(raw["occurred_at"])).getTime();
  const list = usage.output_tokens / TOKENS_A_CENT;
  history.listCosts.set(id, list);
  const isHalf = history.isDiscounted && world.isDiscounted;
  history.model.costs.set(id, { at, cents: isHalf ? list / 2 : list });
  tell(
    history,
    `${world.now.toISOString()} ${id}: ${String(list)} cents at ${new Date(at).toISOString()}`,
  );
  noteSpent(world, history, at);
}

/** Replaces what an event said, or cancels it. */
function putRight(world: World, history: History): Deed {
  const { random, model, name } = history;
  const [id, old] = random.pick([...model.costs]);
  const fixId = `${name}-${String(history.sent.length)}-right`;
  const isVoid = random.chance(0.4);
  const cents = 1 + random.below(2 * (history.listCosts.get(id) ?? 0) + 1);
  const occurredAt = new Date(old.at).toISOString();
  const sent: Sent = isVoid
    ? { id: fixId, raw: { event_id: fixId, occurred_at: occurredAt, voids: id } }
    : (() => {
        const next = event(history, { id: fixId, at: old.at, cents });
        return { id: fixId, raw: { ...next.raw, corrects: id } };
      })();
  history.sent.push(sent);
  model.costs.delete(id);
  history.listCosts.delete(id);
  tell(history, `${world.now.toISOString()} ${id} is ${isVoid ? "void" : "replaced"}`);
  if (isVoid) noteSpent(world, history, old.at);
  else enterSent(world, history, sent);
  return { kind: "usage", sent };
}

/** Another limit, or other thresholds: what was reached before is told, what is reached is not. */
function edit(world: World, history: History): Deed {
  const { random, model, budgetId } = history;
  const isLimit = random.chance(0.6);
  const base = isLimit ? 300 + random.below(30) * 100 : model.base;
  const thresholds = isLimit
    ? model.thresholds
    : random.pick([[50, 80, 100], [60, 90], [10, 100, 200], [100]]);
  return limitDeed(world, { budgetId, histories: [history], base, thresholds });
}

function grant(world: World, history: History): Deed {
  const { random, model, name, scope, budgetId, memberKey } = history;
  const at = world.now.getTime();
  const id = `${name}-grant-${String(model.grants.length)}`;
  const cents = 100 + random.below(20) * 100;
  const until = at + 20 * MINUTE + random.below(3 * 24 * 60) * MINUTE;
  tell(
    history,
    `${world.now.toISOString()} raised by ${String(cents)} until ${new Date(until).toISOString()}`,
  );
  alterLimit(history, { at, isLowered: false }, () => {
    model.grants.push({ id, cents, from: at, until });
  });
  return changing(async (sql) => {
    await raiseEffects.apply(sql, {
      requestId: id,
      kind: "budget_raise",
      scope: scopeFrom(scope),
      subject: { budget_id: budgetId, member_key: memberKey },
      amount: usd(cents / 100),
      endsAt: instant(new Date(until)),
      requester: DANA,
      beneficiary: DANA,
      approvers: [DANA],
      decidedBy: DANA,
      decidedAt: instant(new Date(at)),
    });
  });
}

function revoke(world: World, history: History): Deed {
  const { random, model, scope } = history;
  const at = world.now.getTime();
  const taken = random.pick(model.grants.filter(({ until }) => until > at));
  tell(history, `${world.now.toISOString()} ${taken.id} is taken back`);
  alterLimit(history, { at, isLowered: true }, () => {
    taken.until = at;
  });
  return changing(async (sql) => {
    await raiseEffects.revoke(sql, {
      requestId: taken.id,
      scope: scopeFrom(scope),
      subject: {},
      revokedBy: DANA,
      revokedAt: instant(new Date(at)),
      reason: "no longer needed",
    });
  });
}

/** Whoever snoozes hears nothing for a while; thresholds are found all the same. */
function snooze(world: World, history: History): Deed {
  const { random, budgetId, memberKey } = history;
  const how = random.pick(["hour", "tomorrow", "period"] as const);
  history.isSnoozed = true;
  tell(history, `${world.now.toISOString()} snoozed (${how})`);
  return {
    kind: "act",
    carryOut: async (database) => {
      const { rows } = await database.query<{ readonly thread_id: string }>(
        `select t.thread_id::text from alert_threads t
          where starts_with(t.thread_key, $1) order by t.thread_key desc limit 1`,
        [`budget:${budgetId}:${memberKey}:`],
      );
      const [thread] = rows;
      if (thread === undefined) return;
      const actor = { email: DANA, slackUserId: "" };
      const click = { threadId: thread.thread_id, actor, action: { kind: "snooze", how } as const };
      await actOnAlert({ database, clock: () => world.now }, click);
    },
  };
}

/** More is expected: forecasts and pace are muted, thresholds are not. */
function plan(world: World, history: History): Deed {
  const today = Math.floor(world.now.getTime() / DAY) * DAY;
  history.plans.push({ start: today, end: today + 3 * DAY });
  tell(history, `${world.now.toISOString()} a launch is announced`);
  const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  return {
    kind: "act",
    carryOut: async (database) => {
      const planned = await planEvent(
        { database, clock: () => world.now },
        {
          planner: DANA,
          scope: history.scope,
          name: "Launch",
          from: day(today),
          until: day(today + 2 * DAY),
          expected: usd(10_000),
        },
      );
      if (planned.kind !== "planned") throw new Error(`refused: ${planned.kind}`);
    },
  };
}
