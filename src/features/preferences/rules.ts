/**
 * One person's preferences, the decisions: what they may choose, and what their form says. What alerts
 * make of it is theirs. Pure.
 */
import { ALERT_TOPICS, type AlertTopic } from "../../domain/alert.ts";
import { parseTimeOfDay, parseTimeZone, type TimeZone } from "../../domain/time.ts";

export const DIGEST_INTERVALS = ["off", "day", "week", "month"] as const;
export type DigestInterval = (typeof DIGEST_INTERVALS)[number];

/** Somebody's own digest, by direct message. */
export interface OwnDigest {
  readonly every: DigestInterval;
  /** "09:00" on their own clock; kept while the digest is off. */
  readonly atLocalTime: string;
}

/** What holds for somebody who never chose. */
export const NO_DIGEST: OwnDigest = { every: "off", atLocalTime: "09:00" };

/** Which direct messages about alerts they get, and when not; alerts heeds it. */
export interface AlertChoices {
  readonly wantsOwn: boolean;
  readonly wantsTeams: boolean;
  readonly muted: readonly AlertTopic[];
  readonly quietHours: { readonly from: string; readonly until: string } | undefined;
  /** Undefined: as in Slack. */
  readonly timeZone: TimeZone | undefined;
}

/** Everything that one person chose. */
export interface PersonPreferences {
  readonly alerts: AlertChoices;
  readonly digest: OwnDigest;
}

export interface OwnPreferences extends PersonPreferences {
  /** The zone that holds while none is chosen: Slack's, or else the organization's. */
  readonly defaultZone: TimeZone;
}

/** In the form: no quiet hours. */
export const NO_TIME = "none";

/** By block id; undefined where nothing was entered. */
type Values = Readonly<Record<string, string | undefined>>;

/** What is wrong with a form, by block id; empty: it can be saved. */
export function preferencesProblems(values: Values): Readonly<Record<string, string>> {
  const { from, until } = quietTimes(values);
  const zone = (values["zone"] ?? "").trim();
  return {
    ...(from === undefined && until !== undefined ? { quiet_from: GIVE_BOTH } : {}),
    ...(from !== undefined && until === undefined ? { quiet_until: GIVE_BOTH } : {}),
    ...(from !== undefined && from === until
      ? { quiet_until: "Choose another time than the one they begin at." }
      : {}),
    ...(zone !== "" && findTimeZone(zone) === undefined ? { zone: NO_SUCH_ZONE } : {}),
  };
}

const GIVE_BOTH = "Choose when they begin and when they end, or no quiet hours in both.";
const NO_SUCH_ZONE =
  "There is no such time zone. Write a city of it, such as Berlin, or its name: Europe/Berlin.";

/** Of values without problems. */
export function preferencesFrom(values: Values): PersonPreferences {
  const { from, until } = quietTimes(values);
  const [about, topics] = [listed(values["about"]), listed(values["topics"])];
  return {
    alerts: {
      wantsOwn: about.includes("own"),
      wantsTeams: about.includes("teams"),
      muted: ALERT_TOPICS.filter((topic) => !topics.includes(topic)),
      quietHours: from === undefined || until === undefined ? undefined : { from, until },
      timeZone: findTimeZone((values["zone"] ?? "").trim()),
    },
    digest: {
      every: DIGEST_INTERVALS.find((every) => every === values["digest"]) ?? NO_DIGEST.every,
      atLocalTime: parseTimeOfDay(values["digest_at"] ?? "") ?? NO_DIGEST.atLocalTime,
    },
  };
}

function quietTimes(values: Values): {
  readonly from: string | undefined;
  readonly until: string | undefined;
} {
  return {
    from: parseTimeOfDay(values["quiet_from"] ?? ""),
    until: parseTimeOfDay(values["quiet_until"] ?? ""),
  };
}

function listed(text: string | undefined): readonly string[] {
  return (text ?? "").split(",");
}

const ZONES = Intl.supportedValuesOf("timeZone");

/** "Europe/Berlin", "europe/berlin" or "Berlin"; undefined where it is none, or several. */
export function findTimeZone(text: string): TimeZone | undefined {
  const name = text.trim().replaceAll(/\s+/g, "_").toLowerCase();
  if (name === "") return undefined;
  const spelled = ZONES.find((zone) => zone.toLowerCase() === name);
  if (spelled !== undefined) return parseTimeZone(spelled);
  const cities = ZONES.filter((zone) => zone.toLowerCase().split("/").at(-1) === name);
  return cities.length === 1 && cities[0] !== undefined
    ? parseTimeZone(cities[0])
    : parseTimeZone(text.trim());
}

const MINUTES_PER_CHOICE = 30;

/** Times of day to choose from, with `chosen` among them whatever it is. */
export function timeChoices(chosen?: string): readonly string[] {
  const times = Array.from({ length: (24 * 60) / MINUTES_PER_CHOICE }, (_, index) => {
    const minutes = index * MINUTES_PER_CHOICE;
    const [hour, minute] = [Math.floor(minutes / 60), minutes % 60];
    return `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;
  });
  return chosen === undefined || times.includes(chosen) ? times : [...times, chosen].toSorted();
}

/** Whether saving `next` would change anything. */
export function areSame(before: PersonPreferences, next: PersonPreferences): boolean {
  return JSON.stringify(ordered(before)) === JSON.stringify(ordered(next));
}

export function isSameDigest(before: OwnDigest, next: OwnDigest): boolean {
  return before.every === next.every && before.atLocalTime === next.atLocalTime;
}

function ordered({ alerts, digest }: PersonPreferences): readonly unknown[] {
  const { wantsOwn, wantsTeams, muted, quietHours, timeZone } = alerts;
  return [
    wantsOwn,
    wantsTeams,
    muted.toSorted(),
    quietHours?.from ?? null,
    quietHours?.until ?? null,
    timeZone ?? null,
    digest.every,
    digest.atLocalTime,
  ];
}
