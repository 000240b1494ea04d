/** Parts of a document as their schemas read them → the words of the domain, with defaults filled in. */
import type { z } from "zod";
import {
  HOUR_MS,
  type Instant,
  MONTHS,
  parseLocalDate,
  type TimeZone,
  timeZone,
  type Weekday,
} from "../../../domain/time.ts";
import {
  formatBudgetScope,
  type GovernedAllocationRule,
  type GovernedBudget,
  type GovernedDigest,
  type GovernedDiscount,
  type GovernedOrganization,
  type GovernedPolicy,
} from "../rules.ts";
import type { policySchema } from "./policy-schema.ts";
import type {
  allocationRuleSchema,
  budgetSchema,
  digestSchema,
  discountSchema,
  organizationSchema,
} from "./schema.ts";

/** What a budget, digest or discount keeps when it names no zone of its own. */
export interface Calendar {
  readonly timeZone: TimeZone;
  readonly weekStartsOn: Weekday;
  readonly fiscalMonthStartsOn: number;
  readonly fiscalYearStartsIn: number;
}

export const DEFAULT_CALENDAR: Calendar = {
  timeZone: timeZone("UTC"),
  weekStartsOn: "monday",
  fiscalMonthStartsOn: 1,
  fiscalYearStartsIn: 1,
};
const DEFAULT_THRESHOLDS = [50, 80, 100];
const DEFAULT_QUORUM = 1;
const DEFAULT_EXPIRES_IN_MS = 24 * HOUR_MS;

export function organizationFrom(read: z.output<typeof organizationSchema>): GovernedOrganization {
  return {
    name: read.name,
    timeZone: read.time_zone ?? DEFAULT_CALENDAR.timeZone,
    weekStartsOn: read.week_starts_on ?? DEFAULT_CALENDAR.weekStartsOn,
    fiscalMonthStartsOn: read.fiscal_month_starts_on ?? DEFAULT_CALENDAR.fiscalMonthStartsOn,
    fiscalYearStartsIn:
      monthNumber(read.fiscal_year_starts_in) ?? DEFAULT_CALENDAR.fiscalYearStartsIn,
    ...(read.finops_channel === undefined ? {} : { finopsChannel: read.finops_channel }),
    admins: read.admins ?? [],
    ...(read.finance === undefined ? {} : { finance: read.finance }),
  };
}

/** A date means its first instant in the organization's zone. */
export function allocationRuleFrom(
  { match, to, ...dates }: z.output<typeof allocationRuleSchema>,
  calendar: Calendar,
): GovernedAllocationRule {
  const from = startOf(dates.from, calendar);
  const until = startOf(dates.until, calendar);
  return {
    match: {
      ...(match.api_key_id === undefined ? {} : { apiKeyId: match.api_key_id }),
      ...(match.workspace_id === undefined ? {} : { workspaceId: match.workspace_id }),
      ...(match.user_email === undefined ? {} : { userEmail: match.user_email }),
      ...(match.model === undefined ? {} : { model: match.model }),
      ...(match.source === undefined ? {} : { source: match.source }),
      ...(match.tags === undefined ? {} : { tags: match.tags }),
    },
    to: {
      ...(to.team === undefined ? {} : { team: to.team }),
      ...(to.project === undefined ? {} : { project: to.project }),
    },
    ...(from === undefined ? {} : { from }),
    ...(until === undefined ? {} : { until }),
  };
}

/** The first instant of a day; undefined where none is named. */
export function startOf(
  day: string | undefined,
  { timeZone: zone }: Calendar,
): Instant | undefined {
  return day === undefined ? undefined : parseLocalDate(day, zone);
}

export function budgetFrom(
  read: z.output<typeof budgetSchema>,
  calendar: Calendar,
): GovernedBudget {
  return {
    key: read.key,
    scope: read.scope,
    limit: read.limit,
    period: read.period,
    timeZone: read.time_zone ?? calendar.timeZone,
    weekStartsOn: read.week_starts_on ?? calendar.weekStartsOn,
    fiscalMonthStartsOn: read.fiscal_month_starts_on ?? calendar.fiscalMonthStartsOn,
    fiscalYearStartsIn: monthNumber(read.fiscal_year_starts_in) ?? calendar.fiscalYearStartsIn,
    thresholdPercents: read.thresholds ?? DEFAULT_THRESHOLDS,
    forecastThresholdPercents: read.forecast_thresholds ?? [],
    ...rollOverFrom(read),
    ...(read.pace_days === undefined ? {} : { paceDays: read.pace_days }),
    ...(read.notify_reset === undefined ? {} : { notifyReset: read.notify_reset }),
  };
}

/** A cap alone is meant as a wish to roll over; `roll_over: false` says that it is not. */
function rollOverFrom(
  read: z.output<typeof budgetSchema>,
): Pick<GovernedBudget, "rollOverMaxPercent"> {
  const isWanted = read.roll_over ?? read.roll_over_max_percent !== undefined;
  return isWanted ? { rollOverMaxPercent: read.roll_over_max_percent ?? 100 } : {};
}

/** 1 for "january". */
function monthNumber(name: (typeof MONTHS)[number] | undefined): number | undefined {
  return name === undefined ? undefined : MONTHS.indexOf(name) + 1;
}

export function digestFrom(
  read: z.output<typeof digestSchema>,
  calendar: Calendar,
): GovernedDigest {
  const isForPeople = read.scope.kind === "each" && read.scope.key === "user";
  const zone = read.time_zone ?? (isForPeople ? undefined : calendar.timeZone);
  const on = {
    week: read.on?.kind === "weekday" ? read.on.weekday : calendar.weekStartsOn,
    month: read.on?.kind === "day" ? read.on.day : calendar.fiscalMonthStartsOn,
  };
  const weekday = read.every === "week" ? on.week : undefined;
  // A day that nobody named is no part of the key: a digest that stays keeps its slot.
  const namedDay = read.on?.kind === "day" ? String(read.on.day) : undefined;
  const { channel } = read;
  return {
    key: [channel, formatBudgetScope(read.scope), read.every, weekday, namedDay, read.at, zone]
      .filter((part) => part !== undefined)
      .join(" "),
    ...(channel === undefined ? {} : { channel }),
    scope: read.scope,
    every: read.every,
    ...(weekday === undefined ? {} : { onWeekday: weekday }),
    ...(read.every === "month" ? { onDay: on.month } : {}),
    atLocalTime: read.at,
    ...(zone === undefined ? {} : { timeZone: zone }),
  };
}

export function policyFrom(read: z.output<typeof policySchema>): GovernedPolicy {
  const { match = {}, auto_approve: auto } = read;
  const steps = read.steps ?? [{ approvers: read.approvers ?? [], quorum: read.quorum }];
  return {
    ...(read.name === undefined ? {} : { name: read.name }),
    ...(read.up_to === undefined ? {} : { upTo: read.up_to }),
    match: {
      ...(match.scope === undefined ? {} : { scopes: match.scope }),
      ...(match.requester === undefined ? {} : { requesters: match.requester }),
      ...(match.up_to_percent === undefined ? {} : { upToPercent: match.up_to_percent }),
    },
    steps: steps.map((step) => ({
      approvers: step.approvers,
      quorum: step.quorum ?? DEFAULT_QUORUM,
    })),
    expiresInMs: read.expires_in ?? DEFAULT_EXPIRES_IN_MS,
    ...(read.remind_after === undefined ? {} : { remindAfterMs: read.remind_after }),
    escalateTo: read.escalate_to ?? [],
    ...(read.escalate_after === undefined ? {} : { escalateAfterMs: read.escalate_after }),
    ...(auto === undefined
      ? {}
      : {
          autoApprove: { upTo: auto.up_to, perPeriod: auto.per_period, periodKind: auto.period },
        }),
  };
}

/** A date means its first instant in the organization's zone. */
export function discountFrom(
  read: z.output<typeof discountSchema>,
  calendar: Calendar,
): GovernedDiscount {
  const from = startOf(read.from, calendar);
  const until = startOf(read.until, calendar);
  return {
    ...(read.match.model === undefined ? {} : { modelPattern: read.match.model }),
    ...(read.match.workspace_id === undefined ? {} : { workspaceId: read.match.workspace_id }),
    percent: read.percent,
    ...(from === undefined ? {} : { from }),
    ...(until === undefined ? {} : { until }),
  };
}
