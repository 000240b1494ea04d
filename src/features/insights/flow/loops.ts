/** Looks for what repeats far above normal within minutes, and adds up what that wastes. */
import { addUsd, multiplyUsd, sumUsd, type Usd, ZERO_USD } from "../../../domain/money.ts";
import type { Scope } from "../../../domain/scope.ts";
import {
  addMs,
  DAY_MS,
  type Instant,
  instant,
  MINUTE_MS,
  type Period,
} from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import { loopContent, loopOverText, ownerName } from "../messages/alerts.ts";
import {
  evaluateLoop,
  LOOP_WINDOW_MS,
  type Loop,
  loopPartOf,
  loopSubject,
  REPEATED_KINDS,
  type Repeated,
  type RepeatedKind,
} from "../rules/loop.ts";
import { barAfter, type Episode, type Finding, falseAlarmsSince } from "../rules.ts";
import { listFeedback, listOpenEpisodes } from "../store/episodes.ts";
import {
  countRepeated,
  listRepeatedKeys,
  listRepeatedMinutes,
  type RepeatedKey,
  type RepeatedMinute,
} from "../store/repetition.ts";
import { recordFindings } from "./episodes.ts";
import { type LookDeps, type LookResult, NOTHING_FOUND } from "./look.ts";
import { loadNames, type Names } from "./names.ts";

/** A repetition's requests by the minute, beside its sum. */
interface Counted {
  readonly repeated: Repeated;
  readonly minutes: readonly RepeatedMinute[];
}

/**
 * 1. What was repeated often in the last ten whole minutes; 2. what of it is far above the same
 * minutes a day and a week before, and wastes money; 3. episodes, whose sum grows by what is new.
 */
export async function lookForLoops(sql: Sql, { clock }: LookDeps): Promise<LookResult> {
  const now = clock();
  const end = instant(Math.floor(now.getTime() / MINUTE_MS) * MINUTE_MS);
  const window = { start: addMs(end, -LOOP_WINDOW_MS), end };
  const open = await listOpenEpisodes(sql, ["loop", "duplicates"]);
  const keys = await listRepeatedKeys(sql, window);
  if (keys.length === 0 && open.length === 0) return NOTHING_FOUND;

  const counted: Counted[] = [];
  for (const kind of REPEATED_KINDS) {
    const ofKind = keys.filter((key) => key.kind === kind);
    if (ofKind.length === 0) continue;
    // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
    counted.push(...(await count(sql, kind, ofKind, window)));
  }
  const subjects = counted.map(({ repeated }) => loopSubject(repeated));
  const feedback = await listFeedback(sql, subjects, falseAlarmsSince(now));
  const barOf = (repeated: Repeated): bigint => barAfter(feedback.get(loopSubject(repeated)) ?? []);
  const loops = counted.flatMap(({ repeated, minutes }) => {
    const loop = evaluateLoop(repeated, barOf(repeated));
    return loop === undefined ? [] : [{ loop, minutes, bar: barOf(repeated) }];
  });
  const names = await loadNames(
    sql,
    loops.map(({ loop }) => loop.repeated.scope),
  );
  const parts = loopPartOf(loops.map(({ loop }) => loop));
  const openOf = new Map(open.map((episode) => [episode.subject, episode]));
  const findings = loops.map((found): Finding => {
    const subject = loopSubject(found.loop.repeated);
    return findingOf({
      ...found,
      episode: openOf.get(subject),
      window,
      partOf: parts.get(subject),
      names,
    });
  });
  await recordFindings(
    sql,
    { clock },
    {
      now,
      open,
      findings: keepKinds(findings, openOf),
      endOf: (episode) => loopOverText(episode.amount),
    },
  );
  return { examined: counted.length, found: findings.length };
}

/** An episode that began as a loop and goes on as retries is still the same one. */
function keepKinds(
  findings: readonly Finding[],
  openOf: ReadonlyMap<string, Episode>,
): readonly Finding[] {
  return findings.map((finding) => ({
    ...finding,
    kind: openOf.get(finding.subject)?.kind ?? finding.kind,
  }));
}

async function count(
  sql: Sql,
  kind: RepeatedKind,
  found: readonly RepeatedKey[],
  window: Period,
): Promise<Counted[]> {
  const keys = [...new Set(found.map(({ key }) => key))];
  const all = await listRepeatedMinutes(sql, { kind, keys }, window);
  const before: Awaited<ReturnType<typeof countRepeated>>[number][] = [];
  for (const days of [1, 7]) {
    const then = {
      start: addMs(window.start, -days * DAY_MS),
      end: addMs(window.end, -days * DAY_MS),
    };
    // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
    before.push(...(await countRepeated(sql, { kind, keys }, then)));
  }
  return found.map((one): Counted => {
    const minutes = all.filter(isSameAs(one));
    const sum = (read: (minute: RepeatedMinute) => number): number =>
      minutes.reduce((total, minute) => total + read(minute), 0);
    return {
      minutes,
      repeated: {
        kind,
        key: one.key,
        scope: scopeOf(one, minutes),
        requests: sum(({ requests }) => requests),
        cutOff: sum(({ cutOff }) => cutOff),
        cost: sumUsd(minutes.map(({ cost }) => cost)),
        cutOffCost: sumUsd(minutes.map(({ cutOffCost }) => cutOffCost)),
        requestsBefore: Math.max(
          0,
          ...before.filter(isSameAs(one)).map(({ requests }) => requests),
        ),
      },
    };
  });
}

type Owned = Omit<RepeatedKey, "kind">;

function isSameAs(one: Owned): (other: Owned) => boolean {
  return (other) =>
    other.key === one.key && other.userEmail === one.userEmail && other.apiKeyId === one.apiKeyId;
}

/** Whoever can stop it: the person; else the team; else whoever knows the key. */
function scopeOf(one: Owned, minutes: readonly RepeatedMinute[]): Scope {
  if (one.userEmail !== undefined) return { kind: "user", key: one.userEmail };
  const team = minutes.find(({ teamKey }) => teamKey !== undefined)?.teamKey;
  if (team !== undefined) return { kind: "team", key: team };
  return one.apiKeyId === undefined
    ? { kind: "org", key: "" }
    : { kind: "api_key", key: one.apiKeyId };
}

function findingOf(of: {
  readonly loop: Loop;
  readonly minutes: readonly RepeatedMinute[];
  readonly bar: bigint;
  readonly episode: Episode | undefined;
  readonly window: Period;
  readonly partOf: string | undefined;
  readonly names: Names;
}): Finding {
  const { loop, episode, window } = of;
  const { repeated } = loop;
  const amount = wastedSoFar(loop, of.minutes, episode);
  return {
    kind: loop.what === "duplicates" ? "duplicates" : "loop",
    subject: loopSubject(repeated),
    scope: repeated.scope,
    severity: "warning",
    amount,
    countedUntil: window.end,
    partOf: of.partOf,
    content: loopContent({
      loop,
      name: ownerName(repeated.scope, of.names),
      minutes: LOOP_WINDOW_MS / MINUTE_MS,
      amount,
      bar: of.bar,
    }),
  };
}

/** What the window wastes; of a loop that was seen before, what is new of it is added. */
function wastedSoFar(
  { repeated, wasted }: Loop,
  minutes: readonly RepeatedMinute[],
  episode: Episode | undefined,
): Usd {
  if (episode === undefined) return wasted;
  const isNew = ({ minute }: { readonly minute: Instant }): boolean =>
    minute >= episode.countedUntil;
  const fresh = sumUsd(minutes.filter(isNew).map(({ cost }) => cost));
  const share =
    repeated.cost <= 0n
      ? ZERO_USD
      : multiplyUsd(wasted, { numerator: fresh, denominator: repeated.cost });
  return addUsd(episode.amount, share);
}
