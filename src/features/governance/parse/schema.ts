/**
 * The shape of each part of a governance document, strict: unknown keys are refused, and every
 * message says what was expected. What parts have to do with each other is rules/check-governance.
 */
import { z } from "zod";
import { type Email, parseEmail } from "../../../domain/email.ts";
import { PICO_PER_USD, parseUsd, type Usd, usd, ZERO_USD } from "../../../domain/money.ts";
import { EACH_KINDS, parseScope, type Scope } from "../../../domain/scope.ts";
import {
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
  MONTHS,
  PERIOD_KINDS,
  parseLocalDate,
  parseTimeZone,
  type TimeZone,
  timeZone,
  WEEKDAYS,
  type Weekday,
} from "../../../domain/time.ts";
import { type BudgetScope, DIGEST_INTERVALS, type DigestScope } from "../rules.ts";
import {
  leaf,
  listOf,
  mapping,
  mappingOf,
  matching,
  notEmpty,
  oneOf,
  wholeUpTo,
} from "./shapes.ts";

/** More than any organization spends on Claude; a typing error with zeros is more likely. */
const AMOUNT_MAX = usd(1_000_000_000n * PICO_PER_USD);
const TEXT_CHARS_MAX = 200;
const THRESHOLD_MAX = 1000;
const THRESHOLDS_MAX = 20;
/** A request that stays open longer is forgotten rather than decided. */
const EXPIRES_IN_MAX_MS = 90 * DAY_MS;

export const text = leaf(
  `text of 1 to ${String(TEXT_CHARS_MAX)} characters`,
  matching(new RegExp(`^(?=.*\\S).{1,${String(TEXT_CHARS_MAX)}}$`, "u")),
);
const KEY = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,79}$/;
const KEY_EXPECTED =
  "a key of letters, digits and . _ / -, at most 80 characters, for example search";
export const key = leaf(KEY_EXPECTED, matching(KEY));
export const email = leaf<Email>("an e-mail address, for example ana@acme.test", (value) =>
  typeof value === "string" ? parseEmail(value) : undefined,
);
const zone = leaf<TimeZone>("a time zone such as Europe/Berlin or UTC", (value) =>
  typeof value === "string" ? parseTimeZone(value) : undefined,
);
const CHANNEL_EXPECTED =
  '"#name" of a channel (lower-case, in quotes) or its id such as C0123456789';
export const channel = leaf(
  CHANNEL_EXPECTED,
  // Of another Slack workspace than the organization's first: T0123456789/#name, T0123456789/C….
  matching(
    /^(?:T[A-Z0-9]{6,20}\/)?(?:#[\p{Ll}\p{Lm}\p{Lo}\p{M}\p{N}_-]{1,80}|[CG][A-Z0-9]{6,20})$/u,
  ),
);
export const amount = leaf<Usd>(
  'a positive amount of USD in quotes, at most 12 places and at most 1000000000, for example "500.00"',
  (value) => {
    const parsed = typeof value === "string" ? parseUsd(value) : undefined;
    return parsed !== undefined && parsed > ZERO_USD && parsed <= AMOUNT_MAX ? parsed : undefined;
  },
);
export const percent = leaf(
  'more than 0 and at most 100 in quotes, at most 4 places, for example "12.5"',
  (value) => {
    const match = typeof value === "string" ? /^(\d{1,3})(?:\.(\d{1,4}))?$/.exec(value) : null;
    if (match === null) return undefined;
    const shares = Number(match[1]) * 10_000 + Number((match[2] ?? "").padEnd(4, "0"));
    return shares > 0 && shares <= 1_000_000 ? match[0] : undefined;
  },
);
const localTime = leaf(
  'a time from "00:00" to "23:59", for example "09:30"',
  matching(/^(?:[01]\d|2[0-3]):[0-5]\d$/),
);
export const localDate = leaf("a date such as 2026-10-01", (value) =>
  typeof value === "string" && parseLocalDate(value, timeZone("UTC")) !== undefined
    ? value
    : undefined,
);
export const duration = leaf("a duration from 1m to 90d such as 30m, 24h or 2d", (value) => {
  const match = typeof value === "string" ? /^(\d{1,6})([mhd])$/.exec(value) : null;
  if (match === null) return undefined;
  const ms = Number(match[1]) * { m: MINUTE_MS, h: HOUR_MS, d: DAY_MS }[unitOf(match[2])];
  return ms > 0 && ms <= EXPIRES_IN_MAX_MS ? ms : undefined;
});
const budgetScope = leaf<BudgetScope>(
  "a scope: org, team:KEY, project:KEY, user:EMAIL, api_key:ID, workspace:ID, model:ID, tag:NAME=VALUE, or each:team, each:user, each:project, each:api_key",
  (value) => {
    const each = EACH_KINDS.find((kind) => value === `each:${kind}`);
    return each === undefined ? parseKnownScope(value) : { kind: "each", key: each };
  },
);
const thresholds = listOf(
  leaf(`a whole percentage from 1 to ${String(THRESHOLD_MAX)}`, wholeUpTo(THRESHOLD_MAX)),
).superRefine((percents, ctx) => {
  if (percents.length > THRESHOLDS_MAX) {
    ctx.addIssue({
      code: "custom",
      message: `expected at most ${String(THRESHOLDS_MAX)} thresholds`,
    });
  }
  percents.forEach((percentage, index) => {
    const before = percents[index - 1];
    if (before !== undefined && percentage <= before) {
      ctx.addIssue({
        code: "custom",
        path: [index],
        message: `expected strictly ascending percentages; ${String(percentage)} follows ${String(before)}`,
      });
    }
  });
});

const fiscalMonthDay = leaf("a day of the month from 1 to 28", wholeUpTo(28));
const yesOrNo = leaf("true or false", (value) => (typeof value === "boolean" ? value : undefined));

export const organizationSchema = mapping({
  name: text,
  time_zone: zone.optional(),
  week_starts_on: oneOf(WEEKDAYS).optional(),
  fiscal_month_starts_on: fiscalMonthDay.optional(),
  fiscal_year_starts_in: oneOf(MONTHS).optional(),
  finops_channel: channel.optional(),
  admins: listOf(email).optional(),
  finance: listOf(email).optional(),
});

export const allocationRuleSchema = mapping({
  match: notEmpty(
    mapping({
      api_key_id: text.optional(),
      workspace_id: text.optional(),
      user_email: text.optional(),
      model: text.optional(),
      source: text.optional(),
      tags: notEmpty(mappingOf(text)).optional(),
    }),
    'expected at least one condition; { model: "*" } matches everything',
  ),
  to: notEmpty(
    mapping({ team: key.optional(), project: key.optional() }),
    "expected team, project or both",
  ),
  from: localDate.optional(),
  until: localDate.optional(),
});

/** Some were made beside the document once, named after what they cover: they keep their names. */
const budgetKey = leaf(
  KEY_EXPECTED,
  matching(/^(?:[A-Za-z0-9][A-Za-z0-9._/-]{0,79}|slack:[^\s]{1,240})$/u),
);

export const budgetSchema = mapping({
  key: budgetKey,
  scope: budgetScope,
  limit: amount,
  period: oneOf(PERIOD_KINDS),
  thresholds: thresholds.optional(),
  forecast_thresholds: thresholds.optional(),
  time_zone: zone.optional(),
  week_starts_on: oneOf(WEEKDAYS).optional(),
  fiscal_month_starts_on: fiscalMonthDay.optional(),
  fiscal_year_starts_in: oneOf(MONTHS).optional(),
  roll_over: yesOrNo.optional(),
  roll_over_max_percent: leaf("a whole percentage from 1 to 100", wholeUpTo(100)).optional(),
  pace_days: leaf("a whole number of days from 1 to 366", wholeUpTo(366)).optional(),
  notify_reset: yesOrNo.optional(),
}).superRefine((budget, ctx) => {
  const fiscal = ["fiscal_month_starts_on", "fiscal_year_starts_in"] as const;
  for (const name of budget.period === "daily" || budget.period === "weekly" ? fiscal : []) {
    if (budget[name] === undefined) continue;
    const message = `expected only with period: monthly, quarterly or yearly; this budget is ${budget.period}`;
    ctx.addIssue({ code: "custom", path: [name], message });
  }
  if (budget.roll_over === false && budget.roll_over_max_percent !== undefined) {
    const message = "expected no cap where roll_over is false; remove one of the two";
    ctx.addIssue({ code: "custom", path: ["roll_over_max_percent"], message });
  }
});

const digestScope = leaf<DigestScope>(
  "a scope: org, team:KEY, project:KEY, user:EMAIL, api_key:ID, workspace:ID, model:ID or tag:NAME=VALUE, or each:team, each:user",
  (value) => {
    const each = (["team", "user"] as const).find((kind) => value === `each:${kind}`);
    return each === undefined ? parseKnownScope(value) : { kind: "each", key: each };
  },
);
const DAY_OF_MONTH_MAX = 31;
const weekday = oneOf(WEEKDAYS);
const dayOfMonth = leaf(`a day from 1 to ${String(DAY_OF_MONTH_MAX)}`, wholeUpTo(DAY_OF_MONTH_MAX));
/** Words are meant as weekdays, numbers as days of a month: each is refused in its own terms. */
const digestDay = z.unknown().transform((value, ctx): DigestDay => {
  const read =
    typeof value === "number"
      ? dayOfMonth.transform((day): DigestDay => ({ kind: "day", day })).safeParse(value)
      : weekday
          .transform((name): DigestDay => ({ kind: "weekday", weekday: name }))
          .safeParse(value);
  if (read.success) return read.data;
  const message = read.error.issues[0]?.message ?? "";
  ctx.addIssue({ code: "custom", message, input: value });
  return z.NEVER;
});
type DigestDay =
  | { readonly kind: "weekday"; readonly weekday: Weekday }
  | { readonly kind: "day"; readonly day: number };

export const digestSchema = mapping({
  channel: channel.optional(),
  scope: digestScope,
  every: oneOf(DIGEST_INTERVALS),
  on: digestDay.optional(),
  at: localTime,
  time_zone: zone.optional(),
}).superRefine((digest, ctx) => {
  const refuse = (path: string, message: string): void => {
    ctx.addIssue({ code: "custom", path: [path], message });
  };
  if (digest.on?.kind === "weekday" && digest.every !== "week") {
    refuse("on", "expected only with every: week");
  }
  if (digest.on?.kind === "day" && digest.every !== "month") {
    refuse("on", "expected a day of the month only with every: month");
  }
  const isEach = digest.scope.kind === "each";
  if (!isEach && digest.channel === undefined) {
    refuse("channel", `expected ${CHANNEL_EXPECTED}; it is missing`);
  }
  if (isEach && digest.channel !== undefined) {
    const { key: each } = digest.scope;
    const where = each === "team" ? "each team's own channel" : "direct messages";
    refuse("scope", `expected a scope that is one: each:${each} goes to ${where}, without channel`);
  }
});

export const discountSchema = mapping({
  match: notEmpty(
    mapping({ model: text.optional(), workspace_id: text.optional() }),
    'expected model, workspace_id or both; { model: "*" } matches everything',
  ),
  percent,
  from: localDate.optional(),
  until: localDate.optional(),
});

/** The parts as they stand; each is read on its own, so that one mistake does not hide another. */
export const documentSchema = mapping({
  organization: z.unknown().optional(),
  teams: mappingOf(z.unknown(), z.string().regex(KEY, `expected ${KEY_EXPECTED}`)).optional(),
  allocation: listOf(z.unknown()).optional(),
  budgets: listOf(z.unknown()).optional(),
  digests: listOf(z.unknown()).optional(),
  approvals: listOf(z.unknown()).optional(),
  pricing: mapping({ discounts: listOf(z.unknown()).optional() }).optional(),
  metering: listOf(z.unknown()).optional(),
  limit_pushes: listOf(z.unknown()).optional(),
  service_accounts: mappingOf(
    z.unknown(),
    z
      .string()
      .refine(
        (address) => parseEmail(address) !== undefined,
        "expected an address such as nightly@agents.acme.test; it needs no mailbox",
      ),
  ).optional(),
  reconciliation: z.unknown().optional(),
  from: z.unknown().optional(),
  shared_costs: listOf(z.unknown()).optional(),
  commitments: listOf(z.unknown()).optional(),
  credits: listOf(z.unknown()).optional(),
});

export function parseKnownScope(value: unknown): Scope | undefined {
  const parsed = typeof value === "string" ? parseScope(value) : undefined;
  return parsed?.kind === "user" && parseEmail(parsed.key) === undefined ? undefined : parsed;
}

function unitOf(letter: string | undefined): "m" | "h" | "d" {
  return letter === "m" || letter === "h" ? letter : "d";
}
