/**
 * What people type into the forms of the set-up: which of it can't be right, and which edit of the
 * governance document it is. Pure. Whether it fits the rest of the document is governance's.
 */

import { usdToShortDecimal } from "../../../domain/money.ts";
import { AMOUNT_REFUSAL_TEXT, parseAmount } from "../../../domain/money-text.ts";
import { parseScope } from "../../../domain/scope.ts";
import {
  PERIOD_KINDS,
  type PeriodKind,
  parseTimeOfDay,
  parseTimeZone,
  WEEKDAYS,
} from "../../../domain/time.ts";

/** Typed values by field; absent where it was left empty. */
export type FormValues = Readonly<Record<string, string | undefined>>;
/** What is wrong, by field. */
export type FormProblems = Readonly<Record<string, string>>;

const NAME_CHARS_MAX = 100;
const THRESHOLDS_MAX = 20;
const QUORUM_MAX = 20;

export function organizationProblems(values: FormValues): FormProblems {
  const zone = values["zone"] ?? "";
  return {
    ...nameProblem(values),
    ...(parseTimeZone(zone.trim()) === undefined
      ? { zone: "I don't know this zone. Write it like Europe/Berlin, America/New_York or UTC." }
      : {}),
    ...channelProblem(values),
  };
}

export function teamProblems(values: FormValues): FormProblems {
  const projects = wordsOf(values["projects"]);
  const wrong = projects.find((project) => !/^[A-Za-z0-9][A-Za-z0-9._/-]{0,79}$/.test(project));
  return {
    ...nameProblem(values),
    ...(wrong === undefined
      ? {}
      : { projects: `“${wrong}” can't be a key: letters, digits and . _ / - only.` }),
  };
}

export function budgetProblems(values: FormValues): FormProblems {
  const amount = parseAmount(values["amount"] ?? "");
  return {
    ...(budgetScope(values["scope"] ?? "") === undefined
      ? { scope: "Choose what it is for, such as org or team:search." }
      : {}),
    ...(amount.kind === "refused" ? { amount: AMOUNT_REFUSAL_TEXT[amount.reason] } : {}),
    ...(periodOf(values) === undefined ? { period: "Choose a period." } : {}),
    ...(thresholdsOf(values) === undefined
      ? { thresholds: "Whole percentages in ascending order, such as 50, 80, 100." }
      : {}),
  };
}

export function sourceProblems(values: FormValues): FormProblems {
  return /^[a-z0-9][a-z0-9-]{0,62}$/.test((values["name"] ?? "").trim())
    ? {}
    : { name: "Lower-case letters, digits and dashes, such as checkout-api." };
}

export function digestProblems(values: FormValues): FormProblems {
  const scope = digestScope(values["scope"]);
  const day = (values["day"] ?? "").trim();
  return {
    ...(scope === undefined
      ? { scope: "Say what it is about, such as org, team:search or each:team." }
      : {}),
    // One for each needs no channel; the form shows the usual one all the same.
    ...(isEachScope(scope) ? {} : channelProblem(values)),
    ...(values["every"] === "month" && day !== "" && wholeUpTo(day, 31) === undefined
      ? { day: "A day from 1 to 31." }
      : {}),
    ...(parseTimeOfDay(values["at"] ?? "") === undefined ? { at: "A time such as 09:00." } : {}),
  };
}

/** The channel field of a form whose channel is of another workspace: left empty it stays. */
export const ELSEWHERE = "channel_elsewhere";

/** A field that keeps a channel of another workspace may stay empty. */
function channelProblem(values: FormValues): FormProblems {
  const isMissing = !Object.hasOwn(values, ELSEWHERE) && values["channel"] === undefined;
  return isMissing ? { channel: "Choose a channel." } : {};
}

/** As typed where there are too many teams for a list; undefined for what no digest is about. */
function digestScope(typed = "org"): string | undefined {
  const text = typed.trim();
  const isEach = /^each:(?:team|user)$/.test(text);
  return isEach || parseScope(text) !== undefined ? text : undefined;
}

export function isEachScope(scope: string | undefined): boolean {
  return scope?.startsWith("each:") === true;
}

export function approvalProblems(values: FormValues): FormProblems {
  const upTo = (values["up_to"] ?? "").trim();
  const amount = parseAmount(upTo);
  const expires = (values["expires"] ?? "").trim();
  return {
    ...(upTo !== "" && amount.kind === "refused"
      ? { up_to: AMOUNT_REFUSAL_TEXT[amount.reason] }
      : {}),
    ...(values["who"] === "people" && (values["people"] ?? "") === ""
      ? { people: "Choose somebody, or owners or admins above." }
      : {}),
    ...(wholeUpTo((values["quorum"] ?? "").trim(), QUORUM_MAX) === undefined
      ? { quorum: `A whole number from 1 to ${String(QUORUM_MAX)}.` }
      : {}),
    ...(expires !== "" && !/^[1-9]\d{0,5}[mhd]$/.test(expires)
      ? { expires: "A time such as 30m, 24h or 2d." }
      : {}),
  };
}

/** The choice of a rule whose approvers no field of its form shows: they stay, and nobody else is needed. */
export const KEPT = "kept";

/** Whom a rule asks beside the people that it names, by the choice in its form. */
const APPROVER_ROLES: Readonly<Record<string, readonly string[]>> = {
  owners: ["team_owners"],
  admins: ["admins"],
  both: ["team_owners", "admins"],
  people: [],
  [KEPT]: [],
};

/** `others`: approvers that no field shows, such as groups of Slack. */
export function approvalFrom(
  values: FormValues,
  of: {
    readonly index: number | undefined;
    readonly people: readonly string[];
    readonly others: readonly string[];
  },
) {
  const amount = parseAmount(values["up_to"] ?? "");
  const roles = APPROVER_ROLES[values["who"] ?? "owners"] ?? [];
  return {
    kind: "put-approval",
    index: of.index,
    upTo: amount.kind === "refused" ? undefined : usdToShortDecimal(amount.amount),
    approvers: [...roles, ...of.others, ...of.people],
    quorum: wholeUpTo((values["quorum"] ?? "").trim(), QUORUM_MAX) ?? 1,
    expiresIn: (values["expires"] ?? "").trim() || undefined,
  } as const;
}

function wholeUpTo(text: string, max: number): number | undefined {
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  return count >= 1 && count <= max ? count : undefined;
}

export function codeProblems(values: FormValues): FormProblems {
  return (values["code"] ?? "").trim() === "" ? { code: "Type the code." } : {};
}

export function organizationFrom(values: FormValues) {
  return {
    kind: "set-organization",
    name: (values["name"] ?? "").trim(),
    timeZone: (values["zone"] ?? "").trim(),
    finopsChannel: values["channel"] ?? values[ELSEWHERE],
  } as const;
}

/** Projects that were typed, each once. */
export function wordsOf(text: string | undefined): readonly string[] {
  return [...new Set((text ?? "").split(/[\s,;]+/).filter((word) => word !== ""))];
}

export function budgetFrom(values: FormValues, key: string, isNew: boolean) {
  const amount = parseAmount(values["amount"] ?? "");
  const thresholds = thresholdsOf(values);
  const period = periodOf(values);
  const scope = budgetScope(values["scope"] ?? "");
  if (amount.kind === "refused" || thresholds === undefined) return undefined;
  if (period === undefined || scope === undefined) return undefined;
  return {
    kind: "put-budget",
    key,
    isNew,
    scope,
    limit: usdToShortDecimal(amount.amount),
    period,
    thresholds,
    forecastThresholds: values["forecast"] === "yes" ? [100] : [],
  } as const;
}

export function digestFrom(values: FormValues, index: number | undefined) {
  const every = values["every"] ?? "day";
  const scope = digestScope(values["scope"]) ?? "org";
  const day = wholeUpTo((values["day"] ?? "").trim(), 31);
  return {
    kind: "put-digest",
    index,
    channel: isEachScope(scope) ? undefined : (values["channel"] ?? values[ELSEWHERE]),
    scope,
    every,
    on: every === "week" ? (values["on"] ?? WEEKDAYS[1]) : every === "month" ? day : undefined,
    at: parseTimeOfDay(values["at"] ?? "") ?? "09:00",
  } as const;
}

function nameProblem(values: FormValues): FormProblems {
  const name = (values["name"] ?? "").trim();
  if (name === "") return { name: "Give it a name." };
  return name.length > NAME_CHARS_MAX
    ? { name: `At most ${String(NAME_CHARS_MAX)} characters.` }
    : {};
}

function budgetScope(text: string): string | undefined {
  const typed = text.trim();
  const isEach = /^each:(?:team|user|project|api_key)$/.test(typed);
  return isEach || parseScope(typed) !== undefined ? typed : undefined;
}

function periodOf(values: FormValues): PeriodKind | undefined {
  return PERIOD_KINDS.find((kind) => kind === values["period"]);
}

function thresholdsOf(values: FormValues): readonly number[] | undefined {
  const words = wordsOf((values["thresholds"] ?? "").replaceAll("%", " "));
  const percents = words.map((word) => (/^\d{1,4}$/.test(word) ? Number(word) : Number.NaN));
  const isRight = percents.every(
    (percent, index) => percent >= 1 && percent <= 1000 && percent > (percents[index - 1] ?? 0),
  );
  return isRight && percents.length <= THRESHOLDS_MAX ? percents : undefined;
}
