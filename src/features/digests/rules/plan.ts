/**
 * Digests, the decision which ones there are: what governance says for one scope, for each team or
 * for each person, and what people chose for themselves. Pure.
 */
import type { Email } from "../../../domain/email.ts";
import { formatScope, type Scope } from "../../../domain/scope.ts";
import type { Instant, TimeZone } from "../../../domain/time.ts";
import {
  type Digest,
  type DigestCalendar,
  type DigestDestination,
  type DigestInterval,
  type DigestSchedule,
  movedSlot,
  nextSlot,
} from "../rules.ts";

/** What governance says: one digest, or one for each. */
export interface DigestRule extends Omit<DigestSchedule, "zone"> {
  readonly ruleKey: string;
  readonly target:
    | { readonly kind: "one"; readonly scope: Scope; readonly destination: DigestDestination }
    | { readonly kind: "each"; readonly of: "team" | "user" };
  /** Undefined: each person's own, each team's that of the organization. */
  readonly zone: TimeZone | undefined;
}

/** Somebody whom governance names, or who chose something. */
export interface DigestReader {
  readonly email: Email;
  /** Theirs, as they or Slack say. */
  readonly zone: TimeZone | undefined;
  /** Whether governance names them: a rule for each person means them. */
  readonly isNamed: boolean;
  /** Undefined: what governance says holds. */
  readonly choice:
    | { readonly every: "off" }
    | { readonly every: DigestInterval; readonly atLocalTime: string }
    | undefined;
}

export type PlannedDigest = Omit<Digest, "nextRunAt" | "toldThrough">;

interface Situation {
  readonly rules: readonly DigestRule[];
  readonly teams: readonly { readonly key: string; readonly channel?: string }[];
  readonly readers: readonly DigestReader[];
  readonly organization: DigestCalendar & { readonly timeZone: TimeZone };
}

/** Every digest that there should be. Of a person at most one, and their own choice comes first. */
export function planDigests(situation: Situation): readonly PlannedDigest[] {
  const { rules, teams, readers, organization } = situation;
  const forPeople = rules.find(({ target }) => target.kind === "each" && target.of === "user");
  return [
    ...rules.flatMap((rule) => digestsOfRule(rule, teams, organization.timeZone)),
    ...readers.flatMap((reader) => digestOf(reader, forPeople, organization)),
  ];
}

function digestsOfRule(
  { ruleKey, target, zone, ...schedule }: DigestRule,
  teams: Situation["teams"],
  otherwise: TimeZone,
): readonly PlannedDigest[] {
  if (target.kind === "one") {
    const { scope, destination } = target;
    return [{ ...schedule, zone: zone ?? otherwise, digestKey: ruleKey, scope, destination }];
  }
  if (target.of === "user") return [];
  return teams.flatMap(({ key, channel }) =>
    channel === undefined
      ? []
      : [
          {
            ...schedule,
            zone: zone ?? otherwise,
            digestKey: `${ruleKey} team:${key}`,
            scope: { kind: "team", key } as const,
            destination: { channel },
          },
        ],
  );
}

function digestOf(
  { email, zone, isNamed, choice }: DigestReader,
  rule: DigestRule | undefined,
  organization: Situation["organization"],
): readonly PlannedDigest[] {
  const about = {
    digestKey: `person ${email}`,
    scope: { kind: "user", key: email },
    destination: { person: email },
  } as const;
  if (choice === undefined) {
    if (rule === undefined || !isNamed) return [];
    const { every, onWeekday, onDay, atLocalTime } = rule;
    const where = rule.zone ?? zone ?? organization.timeZone;
    return [{ ...about, every, onWeekday, onDay, atLocalTime, zone: where }];
  }
  if (choice.every === "off") return [];
  return [
    {
      ...about,
      every: choice.every,
      onWeekday: choice.every === "week" ? organization.weekStartsOn : undefined,
      onDay: choice.every === "month" ? (organization.fiscalMonthStartsOn ?? 1) : undefined,
      atLocalTime: choice.atLocalTime,
      zone: zone ?? organization.timeZone,
    },
  ];
}

export interface DigestChanges {
  readonly removed: readonly string[];
  /** New ones, and those whose schedule is another one now. */
  readonly upserted: readonly Digest[];
}

/**
 * What must change for the digests to be those that are planned. One that stays keeps its slot; one
 * whose schedule changed, under its own name or another, goes on where the former one was.
 */
export function digestChanges(
  planned: readonly PlannedDigest[],
  known: readonly Digest[],
  { now, calendar }: { readonly now: Instant; readonly calendar: DigestCalendar },
): DigestChanges {
  const knownByKey = new Map(known.map((digest) => [digest.digestKey, digest]));
  const plannedKeys = new Set(planned.map(({ digestKey }) => digestKey));
  const removed = known.filter(({ digestKey }) => !plannedKeys.has(digestKey));
  const told = new Map(removed.map((digest) => [purposeOf(digest), digest.toldThrough]));
  return {
    removed: removed.map(({ digestKey }) => digestKey),
    upserted: planned.flatMap((plan) => {
      const same = knownByKey.get(plan.digestKey);
      if (same !== undefined && isSamePlan(plan, same)) return [];
      const toldThrough = same === undefined ? told.get(purposeOf(plan)) : same.toldThrough;
      const isContinued = toldThrough !== undefined;
      const nextRunAt = isContinued
        ? movedSlot(plan, { toldThrough, now }, calendar)
        : nextSlot(plan, now);
      return [{ ...plan, nextRunAt, toldThrough }];
    }),
  };
}

/** Two digests with the same purpose tell the same people the same thing. */
function purposeOf({ destination, scope, every }: PlannedDigest): string {
  return JSON.stringify([destination, formatScope(scope), every]);
}

function isSamePlan(left: PlannedDigest, right: PlannedDigest): boolean {
  return (
    purposeOf(left) === purposeOf(right) &&
    left.onWeekday === right.onWeekday &&
    left.onDay === right.onDay &&
    left.atLocalTime === right.atLocalTime &&
    left.zone === right.zone
  );
}
