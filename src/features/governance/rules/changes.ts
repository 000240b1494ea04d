/**
 * What one governance says differently from another, a line each: for the audit trail, the history
 * and whoever applied it; and what a document that is older than it looks would undo. Pure.
 */
import { usd, usdToDecimal, usdToShortDecimal } from "../../../domain/money.ts";
import type { Stretch } from "../../../domain/stretch.ts";
import type { Governance } from "../rules.ts";

/** A part of a governance by its name, and what it says, field by field. */
type Facts = ReadonlyMap<string, ReadonlyMap<string, unknown>>;

/** The one field of a part that is a list. */
const LIST = "";

/** One line per difference: `team ads: name Ads → Advertising`. Empty: none. */
export function describeChanges(before: Governance | undefined, after: Governance): string[] {
  const old = before === undefined ? NOTHING : factsOf(before);
  const current = factsOf(after);
  return namesOf(current, old).flatMap((name) => {
    const was = old.get(name);
    const is = current.get(name);
    if (is === undefined) return [`${name}: removed`];
    const isAddition = was === undefined && (isKeyed(name) || name === "organization");
    return isAddition ? [`${name}: added`] : fieldChanges(name, was ?? NO_FIELDS, is);
  });
}

/**
 * What was decided between `base` and `current` and would be gone if `file`, which came out of
 * `base`, were applied now: a line each. What the file says as well is not lost.
 */
export function lostChanges(of: {
  /** Undefined: nothing, so that everything counts as decided. */
  readonly base: Governance | undefined;
  readonly current: Governance;
  readonly file: Governance;
}): string[] {
  const base = of.base === undefined ? NOTHING : factsOf(of.base);
  const [current, file] = [factsOf(of.current), factsOf(of.file)];
  return namesOf(current, base).flatMap((name) => {
    const was = base.get(name);
    const is = current.get(name);
    const told = file.get(name);
    if (is === undefined) return told === undefined ? [] : [`${name}: removed`];
    // What the file removes is lost only if somebody had a hand in it since.
    if (told === undefined)
      return was === undefined ? [`${name}: added`] : fieldChanges(name, was, is);
    const decided = [...new Set([...(was?.keys() ?? []), ...is.keys()])].filter(
      (field) =>
        asText(was?.get(field)) !== asText(is.get(field)) &&
        asText(told.get(field)) !== asText(is.get(field)),
    );
    return fieldChanges(name, was ?? NO_FIELDS, is, decided);
  });
}

const NOTHING: Facts = new Map();
/** Of a part that was not there; a list that was not there was empty. */
const NO_FIELDS: ReadonlyMap<string, unknown> = new Map([[LIST, []]]);

/** Nouns of parts that have a key. The rest is always there, or has a value when it is not. */
const KEYED = ["team", "budget", "digest", "service account", "commitment", "credit"] as const;

function isKeyed(name: string): boolean {
  return KEYED.some((noun) => name.startsWith(`${noun} `));
}

/** The names of both, what is gone behind what is there of its kind. */
function namesOf(current: Facts, old: Facts): readonly string[] {
  const gone = [...old.keys()].filter((name) => !current.has(name));
  const placed = [...current.keys()].flatMap((name, index, names) => {
    const noun = KEYED.find((one) => name.startsWith(`${one} `));
    const isLast = noun !== undefined && names[index + 1]?.startsWith(`${noun} `) !== true;
    return isLast ? [name, ...gone.filter((one) => one.startsWith(`${noun} `))] : [name];
  });
  return [...new Set([...placed, ...gone])];
}

function factsOf(governance: Governance): Facts {
  const entries = (
    noun: string,
    list: readonly Keyed[],
  ): [string, ReadonlyMap<string, unknown>][] =>
    list.map((entry) => [`${noun} ${entry.key}`, new Map<string, unknown>(Object.entries(entry))]);
  const list = (name: string, all: readonly unknown[]): [string, ReadonlyMap<string, unknown>] => [
    name,
    new Map([[LIST, all]]),
  ];
  return new Map<string, ReadonlyMap<string, unknown>>([
    ["reconciliation", new Map([["drift percent", governance.driftPercent]])],
    ["ownership", new Map([["from", governance.ownershipFrom]])],
    ["organization", new Map<string, unknown>(Object.entries(governance.organization))],
    ...entries("team", governance.teams.map(datedTeam)),
    ...entries("budget", governance.budgets),
    ...entries("digest", governance.digests),
    list("allocation rules", governance.allocation),
    list("approval rules", governance.approvals),
    list("discounts", governance.discounts),
    list("metering sources", governance.metering),
    ...entries("service account", governance.serviceAccounts.map(keyed)),
    list("limit pushes", governance.limitPushes),
    list("shared costs", governance.sharedCosts),
    ...entries("commitment", governance.commitments),
    ...entries("credit", governance.credits),
  ]);
}

/** Names with their dates: "bo@acme.test from 2026-10-01". */
function datedTeam({ dated = [], ...team }: Governance["teams"][number]) {
  const listed = (role: "owners" | "members" | "projects"): readonly string[] =>
    team[role].flatMap((name) => {
      const times = dated.filter((one) => one.role === role && one.name === name);
      return times.length === 0 ? [name] : times.map((time) => `${name}${timeText(time)}`);
    });
  return {
    ...team,
    owners: listed("owners"),
    members: listed("members"),
    projects: listed("projects"),
  };
}

function timeText({ from, until }: Stretch): string {
  return [
    from === undefined ? "" : ` from ${from.toISOString()}`,
    until === undefined ? "" : ` until ${until.toISOString()}`,
  ].join("");
}

function keyed({ address, ...rest }: Governance["serviceAccounts"][number]): Keyed {
  return { key: address, ...rest };
}

interface Keyed {
  readonly key: string;
}

function fieldChanges(
  name: string,
  was: ReadonlyMap<string, unknown>,
  is: ReadonlyMap<string, unknown>,
  fields: Iterable<string> = new Set([...(was === NO_FIELDS ? [] : was.keys()), ...is.keys()]),
): string[] {
  return [...fields]
    .filter((field) => asText(was.get(field)) !== asText(is.get(field)))
    .map((field) =>
      field === LIST
        ? `${name}: ${count(was.get(field))} → ${count(is.get(field))}, changed`
        : `${name}: ${words(field)} ${shown(was.get(field))} → ${shown(is.get(field))}`,
    );
}

function count(list: unknown): string {
  return String(Array.isArray(list) ? list.length : 0);
}

/** "forecastThresholdPercents" as people say it. */
function words(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** For people. Every bigint of a governance is an amount. */
function shown(value: unknown): string {
  if (value === undefined) return "none";
  if (typeof value === "bigint") return `$${usdToShortDecimal(usd(value))}`;
  if (typeof value === "string") return value;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value) && value.every((one) => typeof one !== "object")) {
    return value.length === 0 ? "none" : value.map(shown).join(", ");
  }
  return asText(value);
}

/** Exact and the same for equal values. */
function asText(value: unknown): string {
  if (value === undefined) return "none";
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === "bigint" ? usdToDecimal(usd(part)) : part,
  );
}
