/**
 * Slack and the systems that keep limits, in memory, failing in every way that leaves a doubt or
 * none: rate limits, errors before and after the deed, answers that got lost. What arrived is kept
 * for the checks.
 */
import { WebAPIHTTPError, WebAPIRateLimitedError } from "@slack/web-api";
import { pino } from "pino";
import {
  type CallOutcome,
  formatLimitTarget,
  type LimitReading,
} from "../../../../src/domain/limit.ts";
import { type Usd, usdToDecimal } from "../../../../src/domain/money.ts";
import type { Clock } from "../../../../src/domain/time.ts";
import { carryOutPushes } from "../../../../src/features/limits/flow/carry-out.ts";
import type { LimitKeeper } from "../../../../src/features/limits/flow/keepers.ts";
import { type SenderDeps, sendDueMessages } from "../../../../src/slack/sender.ts";
import { type Database, isConnectionLoss } from "../../../../src/store/database.ts";
import { usd } from "../../../support/builders.ts";
import type { SeededRandom } from "../../../support/seeded-random.ts";
import { Crashed, crashing } from "./crashes.ts";
import { aCrash } from "./deeds.ts";

const BASE_LIMIT = usd(500);
const FAULT = 0.25;
const log = pino({ level: "silent" });

/** A message as it stands in Slack. */
interface Posted {
  readonly key: string;
  readonly channel: string;
  readonly ts: string;
  text: string;
  blocks: string;
}

export interface Outside {
  readonly posted: readonly Posted[];
  /** Every amount that was written, by limit, in order. */
  readonly written: ReadonlyMap<string, readonly Usd[]>;
  readonly limitOf: (target: string) => Usd;
  /** How often what failed. */
  readonly failures: Map<string, number>;
  /** Whatever is due; each part may die at any step. How much there was. */
  readonly work: (database: Database, clock: Clock) => Promise<number>;
  /** From now on nothing fails. */
  readonly heal: () => void;
}

export function createOutside(random: SeededRandom): Outside {
  const state = { fault: FAULT };
  const failures = new Map<string, number>();
  const fails = (what: string): boolean => {
    if (!random.chance(state.fault)) return false;
    failures.set(what, (failures.get(what) ?? 0) + 1);
    return true;
  };
  const slack = createSlack(random, fails);
  const limits = createLimits(random, fails);
  return {
    posted: slack.posted,
    written: limits.written,
    limitOf: limits.limitOf,
    failures,
    heal: () => {
      state.fault = 0;
    },
    work: async (replica, clock) => {
      const dying = (): Database =>
        fails("database") ? crashing(replica, aCrash(random)) : replica;
      const atStep = (): void => {
        if (random.chance(state.fault / 20)) throw new Crashed("the sender died");
      };
      const send = async (): Promise<number> =>
        await sendDueMessages({ database: dying(), clock, log, atStep, ...slack.reached });
      const push = async (): Promise<number> =>
        await carryOutPushes({
          database: dying(),
          clock,
          log,
          keepers: { litellm: limits.keeper, anthropic: limits.keeper },
          desk: undefined,
        });
      const counts = await Promise.all([survive(send), survive(push)]);
      return counts.reduce((sum, count) => sum + count);
    },
  };
}

/** A part that died is started again some time; it had something to do. */
async function survive(part: () => Promise<number>): Promise<number> {
  try {
    return await part();
  } catch (error) {
    if (error instanceof Crashed || isConnectionLoss(error)) return 1;
    throw error;
  }
}

type Fails = (what: string) => boolean;

function createSlack(
  random: SeededRandom,
  fails: Fails,
): { readonly posted: readonly Posted[]; readonly reached: Pick<SenderDeps, "web" | "directory"> } {
  const posted: Posted[] = [];
  /** The deed happens, or not, and in either case something may be thrown. */
  const call = async <T>(deed: () => T): Promise<T> => {
    await Promise.resolve();
    if (!fails("slack")) return deed();
    const kind = random.pick(["rate limit", "500", "timeout", "lost"] as const);
    if (kind === "rate limit") throw new WebAPIRateLimitedError(1 + random.below(30));
    if (kind === "500") throw new WebAPIHTTPError(500, "Internal Server Error", {});
    if (kind === "lost") deed();
    throw Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
  };
  const web: SenderDeps["web"] = {
    postMessage: async ({ channel, text, blocks, dedupeKey: key }) =>
      await call(() => {
        const ts = String(posted.length + 1);
        posted.push({ key, channel, ts, text, blocks: JSON.stringify(blocks) });
        return { channelId: channel, ts };
      }),
    updateMessage: async ({ ts, text, blocks }) => {
      await call(() => {
        const message = posted.find((one) => one.ts === ts);
        if (message === undefined) throw new Error("no such message");
        Object.assign(message, { text, blocks: JSON.stringify(blocks) });
      });
    },
    findMessage: async ({ channel, dedupeKey }) =>
      await call(() => {
        const found = posted.find((one) => one.key === dedupeKey && one.channel === channel);
        return found === undefined ? undefined : { channelId: channel, ts: found.ts };
      }),
    listChannels: async () => await Promise.resolve([]),
  };
  const directory: SenderDeps["directory"] = {
    findSlackUserByEmail: async (email) =>
      await Promise.resolve({
        slackUserId: `U-${email}`,
        email,
        displayName: email,
        timeZone: undefined,
      }),
    openDirectMessage: async (slackUserId) => await call(() => `D-${slackUserId}`),
  };
  return { posted, reached: { web, directory } };
}

function createLimits(
  random: SeededRandom,
  fails: Fails,
): Pick<Outside, "written" | "limitOf"> & { readonly keeper: LimitKeeper } {
  const limits = new Map<string, Usd>();
  const written = new Map<string, Usd[]>();
  const limitOf = (target: string): Usd => limits.get(target) ?? BASE_LIMIT;
  const call = async <T>(deed: () => T): Promise<CallOutcome<T>> => {
    await Promise.resolve();
    if (!fails("limits")) return { kind: "answer", answer: deed() };
    const kind = random.pick(["busy", "down", "lost"] as const);
    if (kind === "busy") return { kind, retryAfterMs: 1_000 * random.below(60), message: "429" };
    if (kind === "lost") deed();
    return { kind: "doubt", message: kind };
  };
  const write = async (target: string, amount: Usd): Promise<CallOutcome<unknown>> =>
    await call(() => {
      limits.set(target, amount);
      written.set(target, [...(written.get(target) ?? []), amount]);
    });
  const keeper: LimitKeeper = {
    read: async ({ target }): Promise<CallOutcome<LimitReading>> =>
      await call(() => ({ effective: limitOf(formatLimitTarget(target)), isOwn: true })),
    write: async ({ target, amount }) => await write(formatLimitTarget(target), amount),
    remove: async ({ target }) => await write(formatLimitTarget(target), BASE_LIMIT),
    findUser: async () => await Promise.resolve({ kind: "answer", answer: undefined }),
  };
  return { written, limitOf, keeper };
}

/** What a card says in the end, by the status of its request. */
const LAST_WORDS: Readonly<Record<string, RegExp>> = {
  applied: /Approved (by|automatically)/,
  denied: /Denied by/,
  expired: /Expired/,
  cancelled: /Withdrawn by/,
};

/** Every card and copy stands in Slack once, and says what came of the request. */
export function faultsOfCards(
  { posted }: Outside,
  row: { readonly id: string; readonly status: string; readonly asked: readonly string[] } & {
    readonly is_automatic: boolean;
  },
): string[] {
  const copies = row.is_automatic ? [] : [`approval:${row.id}:requester`];
  const keys = [...row.asked.map((person) => `approval:${row.id}:card:${person}`), ...copies];
  return keys.flatMap((key) => {
    const [message, ...others] = posted.filter((one) => one.key === key);
    if (message === undefined) return [`${key}: never arrived`];
    const isTrue = LAST_WORDS[row.status]?.test(message.text) === true;
    const isOpen = /"approval_(approve|deny|withdraw)"/.test(message.blocks);
    return [
      ...(others.length > 0 ? [`${key}: arrived ${String(others.length + 1)} times`] : []),
      ...(isTrue && !isOpen ? [] : [`${key}: ${row.status}, and says ${message.text}`]),
    ];
  });
}

/** Each raise went there once at most, and is off again. */
export function faultsOfLimit(
  { written, limitOf }: Outside,
  target: string,
  raises: readonly Usd[],
): string[] {
  const amounts = [BASE_LIMIT, ...(written.get(target) ?? [])];
  const ups = amounts.filter((amount, index) => amount > (amounts[index - 1] ?? amount));
  const most = raises.reduce((sum, raise): Usd => (sum + raise) as Usd, BASE_LIMIT);
  return [
    ...(limitOf(target) === BASE_LIMIT
      ? []
      : [`${target}: left at ${usdToDecimal(limitOf(target))}`]),
    ...(ups.length > raises.length ? [`${target}: raised more often than was approved`] : []),
    ...(amounts.some((amount) => amount > most || amount < BASE_LIMIT)
      ? [`${target}: written ${amounts.map(usdToDecimal).join()}`]
      : []),
  ];
}
