/** What people do in a round, each deed on some replica, some of them meeting a crash. */
import { type Email, emailFrom } from "../../../../src/domain/email.ts";
import { AppError } from "../../../../src/domain/errors.ts";
import type { Clock } from "../../../../src/domain/time.ts";
import { addMs, HOUR_MS } from "../../../../src/domain/time.ts";
import { answerQuestion } from "../../../../src/features/approvals/flow/answer-question.ts";
import type { ApproverGroups } from "../../../../src/features/approvals/flow/approvers.ts";
import {
  approve,
  askQuestion,
  type DecisionDeps,
  deny,
  revoke,
  withdraw,
} from "../../../../src/features/approvals/flow/decide-approval.ts";
import { delegate, endOwnDelegation } from "../../../../src/features/approvals/flow/delegate.ts";
import { requestRaise } from "../../../../src/features/budgets/flow/request-raise.ts";
import { raiseEffects } from "../../../../src/features/budgets/index.ts";
import type { Database } from "../../../../src/store/database.ts";
import { usd } from "../../../support/builders.ts";
import type { SeededRandom } from "../../../support/seeded-random.ts";
import { type Crash, Crashed, crashing } from "./crashes.ts";
import { type History, NAMES } from "./world.ts";

export interface Stage {
  readonly replicas: readonly Database[];
  readonly clock: Clock;
  readonly histories: readonly History[];
  /** How often what happened, for the report. */
  readonly counts: Map<string, number>;
}

export const ROOT = emailFrom("root@sim.test");
/** A person clicks again when nothing happened, and Slack repeats what was not acknowledged. */
const TRIES_MAX = 4;
const SLACK_IS_AWAY = 0.1;

type Deps = DecisionDeps & { readonly approverGroups: ApproverGroups };
type Deed = (deps: Deps) => Promise<unknown>;

/** One deed of one history; resolves when whoever did it has an answer. */
export async function act(stage: Stage, history: History): Promise<void> {
  const { random } = history;
  const deed = chooseDeed(stage, history);
  let crash = random.chance(0.3) ? aCrash(random) : undefined;
  for (let attempt = 1; attempt <= TRIES_MAX; attempt += 1) {
    const replica = random.pick(stage.replicas);
    const database = crash === undefined ? replica : crashing(replica, crash);
    try {
      const isSlackAway = attempt === 1 && random.chance(SLACK_IS_AWAY);
      await deed(depsOf(stage, { database, isSlackAway }));
      count(stage, "answered");
      return;
    } catch (error) {
      // A refusal that the edge tells the person, and a Slack that is away: both are answers.
      if (error instanceof AppError && !error.retryable) {
        count(stage, "told a problem");
        return;
      }
      const isExpected = error instanceof Crashed || error instanceof AppError;
      if (!isExpected) throw error;
      count(stage, crash === undefined ? "Slack away" : `crash: ${crash.kind}`);
      crash = undefined;
    }
  }
  throw new Error("a click was never answered");
}

function count({ counts }: Stage, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

export function aCrash(random: SeededRandom): Crash {
  const kind = random.pick(["throw", "kill", "answer-lost"] as const);
  // Never between "begin" and the first statement, which are sent together.
  return kind === "answer-lost" ? { kind } : { kind, at: 2 + random.below(30) };
}

export function depsOf(
  stage: Stage,
  { database, isSlackAway }: { readonly database: Database; readonly isSlackAway: boolean },
): Deps {
  return {
    database,
    clock: stage.clock,
    appliers: { budget_raise: raiseEffects, anthropic_limit_increase: raiseEffects },
    // oxlint-disable-next-line typescript/require-await -- stands in for a call of Slack
    approverGroups: async (handle) => {
      if (isSlackAway) {
        throw new AppError({ code: "unavailable", message: "Slack is away.", retryable: true });
      }
      return stage.histories.find(({ index }) => handle === `g${String(index)}`)?.roles.group;
    },
  };
}

function chooseDeed(stage: Stage, history: History): Deed {
  const { random, people, requestIds } = history;
  const dice = random.next();
  if (requestIds.length === 0 || dice < 0.16) return request(stage, history);
  const requestId = random.pick(requestIds.slice(-3));
  const actorEmail = aPerson(history);
  const click = { requestId, actorEmail };
  if (dice < 0.6) {
    const amount = random.chance(0.3) ? usd(1 + random.below(250)) : undefined;
    const lastDay = random.chance(0.15)
      ? random.pick(["2026-11-24", "2026-11-28", "2026-12-31"])
      : undefined;
    return async (deps) => await approve(deps, { ...click, amount, lastDay });
  }
  if (dice < 0.63) return async (deps) => await deny(deps, { ...click, reason: "no" });
  if (dice < 0.67) return async (deps) => await askQuestion(deps, { ...click, question: "Why?" });
  if (dice < 0.71) return answer(stage, history);
  if (dice < 0.73)
    return async (deps) => await withdraw(deps, { requestId, actorEmail: people.req });
  if (dice < 0.83) return async (deps) => await revoke(deps, { ...click, reason: "enough" });
  if (dice < 0.9) return changeDelegation(history);
  return changeRoles(history);
}

/** Often somebody who may; as often anybody at all. */
function aPerson({ random, people, roles }: History): Email {
  if (random.chance(0.5)) {
    return random.pick([...roles.owners, ...roles.group, people.fin, people.del, people.esc]);
  }
  return random.chance(0.1) ? ROOT : people[random.pick(NAMES)];
}

function request(stage: Stage, history: History): Deed {
  const { random, people, team, index, sent } = history;
  const requester = random.pick([people.req, people.mate, people.ana, people.req]);
  const forOther = random.chance(0.25) && requester === people.ana;
  const idempotencyKey = `form:${String(index)}:${String(sent.length)}:${String(random.next())}`;
  const untilText = random.pick([undefined, "tomorrow", "2026-12-05", "friday"]);
  const amount = {
    kind: "amount",
    amount: usd(5 + random.below(random.chance(0.5) ? 60 : 200)),
  } as const;
  const asked = {
    requester,
    amount,
    untilText,
    idempotencyKey,
    reason: "simulated",
    ...(forOther ? { beneficiary: people.mate } : {}),
    target: {
      readings: [
        {
          scopeText: `team:${team}`,
          periodKind: undefined,
          unexpected: "",
        },
      ],
    },
  };
  const isDouble = random.chance(0.3);
  return async (deps) => {
    const results = await Promise.all(
      isDouble
        ? [
            requestRaise(deps, asked),
            requestRaise({ ...deps, database: random.pick(stage.replicas) }, asked),
          ]
        : [requestRaise(deps, asked)],
    );
    const kinds = new Set(results.map(({ kind }) => kind));
    // Of two submissions one may be refused and the other find things changed; never both kinds.
    if (kinds.has("requested") && kinds.has("granted")) throw new Error("one form, two requests");
    count(stage, [...kinds].join());
    if (kinds.has("requested") || kinds.has("granted")) sent.push(idempotencyKey);
  };
}

function answer(stage: Stage, { random, people, requestIds }: History): Deed {
  const actorEmail = random.pick([people.req, people.mate, people.ana]);
  return async (deps) => {
    const { rows } = await random.pick(stage.replicas).query<{ readonly question_id: string }>(
      `select q.question_id from approval_questions q
        where q.approval_request_id = any($1) order by q.question_id`,
      [requestIds],
    );
    for (const { question_id: questionId } of rows.slice(-1)) {
      await answerQuestion(deps, { questionId, actorEmail, text: "Because." });
    }
  };
}

function changeDelegation(history: History): Deed {
  const { random, people } = history;
  const from = people[random.pick(["ana", "bea", "fin"] as const)];
  const to = people[random.pick(["del", "gus", "bea", "req"] as const)];
  return async (deps) => {
    const isEnd = random.chance(0.3);
    const outcome = isEnd
      ? await endOwnDelegation(deps, from)
      : await delegate(deps, { from, to, untilText: "2026-11-30" });
    const delegations = new Map(history.roles.delegations);
    if (outcome.kind === "delegated") {
      delegations.set(from, { to, endsAt: outcome.delegation.endsAt });
    } else if (isEnd) {
      delegations.delete(from);
    }
    history.roles = { ...history.roles, delegations };
  };
}

/** As a new governance.yml does: in one transaction of its own. */
function changeRoles(history: History): Deed {
  const { random, people, team } = history;
  if (history.shape === "group") {
    return async () => {
      const everybody = [people.fin, people.gus, people.bea];
      const group = everybody.filter(() => random.chance(0.6));
      history.roles = { ...history.roles, group };
      await Promise.resolve();
    };
  }
  const owner = people[random.pick(["ana", "bea"] as const)];
  return async ({ database }) => {
    const isOwner = history.roles.owners.includes(owner);
    await database.query(
      isOwner
        ? `update team_members set role = 'member' where team_key = $1 and email = $2`
        : `update team_members set role = 'owner' where team_key = $1 and email = $2`,
      [team, owner],
    );
    const others = history.roles.owners.filter((one) => one !== owner);
    history.roles = { ...history.roles, owners: isOwner ? others : [...others, owner] };
  };
}

const ROUND_MS_MAX = 1.5 * HOUR_MS;
export function later(clock: Clock, random: SeededRandom): ReturnType<Clock> {
  return addMs(clock(), 60_000 + random.below(ROUND_MS_MAX));
}
