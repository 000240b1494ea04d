/** A reconciliation as text for a terminal, and as plain values for programs. Pure. */
import { formatUsd, type Usd, usd, usdToDecimal } from "../../domain/money.ts";
import { addMs, type Period } from "../../domain/time.ts";
import {
  BILL_CAUSES,
  type BillCause,
  type BillComparison,
  type BillDifference,
} from "./rules/bills.ts";
import { type Cause, causeText } from "./rules/causes.ts";
import { dayText } from "./rules/days.ts";
import { absolute, groupBy } from "./rules/lines.ts";
import {
  type CauseTotal,
  driftOf,
  type JudgedDay,
  percentText,
  type Standing,
  shareText,
} from "./rules.ts";

/** What is shown of a stretch of days. */
interface Shown {
  readonly period: Period;
  readonly share: bigint;
  readonly days: readonly { readonly day: JudgedDay; readonly standing: Standing }[];
  readonly pendingDays: readonly string[];
  readonly standing: Standing;
}

export function reconciliationText(shown: Shown, bills?: BillComparison): string {
  const { period, days, pendingDays, standing, share } = shown;
  const { anthropicBilled: billed, charged } = standing;
  const title = `Reconciliation of ${dayText(period.start)} to ${dayText(addMs(period.end, -1))} (UTC)`;
  if (days.length === 0) {
    return [
      title,
      "No day is judged: Anthropic's bill is not there yet, or not final. `claude-spend pull` reads it; it needs ANTHROPIC_ADMIN_KEY.",
    ].join("\n");
  }
  const line = (name: string, amount: Usd, rest = ""): string =>
    `${name.padEnd(22)} ${formatUsd(amount).padStart(14)}${rest}`;
  const gap = usd(charged - billed);
  return [
    title,
    "",
    line("Anthropic billed", billed),
    line("We charged", charged),
    line("Difference", gap, `  ${percentText(gap, billed)} %`),
    line("of which drift", standing.drift, `  ${percentText(standing.drift, billed)} %`),
    line(
      "of which unexplained",
      standing.unexplained,
      `  ${percentText(standing.unexplained, billed)} %`,
    ),
    ...causeSections(standing.totals, billed),
    "",
    standing.driftingDays.length === 0
      ? `All ${String(days.length)} judged days agree within ${shareText(share)} %.`
      : `Above ${shareText(share)} %: ${standing.driftingDays.join(", ")}.`,
    ...(pendingDays.length === 0 ? [] : [`Not judged: ${pendingDays.join(", ")}.`]),
    ...(bills === undefined ? [] : billsSection(bills)),
  ].join("\n");
}

function causeSections(totals: readonly CauseTotal[], billed: Usd): readonly string[] {
  return summaries(totals).flatMap((one) => {
    const { title, advice } = causeText(one.cause);
    const accepted =
      one.acceptance === undefined
        ? ""
        : `, accepted by ${one.acceptance.acceptedBy}: ${one.acceptance.reason}`;
    const where = one.workspaces.map((id) => id ?? "default workspace").join(", ");
    return [
      "",
      `${formatUsd(one.amount).padStart(14)}  ${title} (${percentText(one.amount, billed)} %)${accepted}`,
      `${" ".repeat(16)}${[daysText(one.days), where, ...one.evidence].join("; ")}`,
      ...(one.acceptance === undefined ? [`${" ".repeat(16)}${advice}`] : []),
    ];
  });
}

function daysText(days: readonly string[]): string {
  const [first = ""] = days;
  const last = days.at(-1) ?? first;
  return days.length <= 2
    ? days.join(", ")
    : `${String(days.length)} days from ${first} to ${last}`;
}

interface Summary {
  readonly cause: Cause;
  readonly acceptance: CauseTotal["acceptance"];
  readonly amount: Usd;
  readonly days: readonly string[];
  readonly workspaces: readonly (string | undefined)[];
  readonly models: readonly string[];
  readonly evidence: readonly string[];
}

/** One line for a cause, and one for each reason that it was accepted for; the largest first. */
function summaries(totals: readonly CauseTotal[]): readonly Summary[] {
  const alike = groupBy(totals, ({ cause, acceptance }) =>
    JSON.stringify([cause, acceptance?.reason ?? null, acceptance?.acceptedBy ?? null]),
  );
  return [...alike.values()]
    .flatMap((group): Summary[] => {
      const [first] = group;
      if (first === undefined) return [];
      return [
        {
          cause: first.cause,
          acceptance: first.acceptance,
          amount: usd(group.reduce((sum, { amount }) => sum + amount, 0n)),
          days: [...new Set(group.map(({ day }) => day))].toSorted(),
          workspaces: [...new Set(group.map(({ workspaceId }) => workspaceId))],
          models: [...new Set(group.flatMap(({ models }) => models))].toSorted(),
          evidence: [...new Set(group.flatMap(({ evidence }) => evidence))],
        },
      ];
    })
    .toSorted((left, right) => (absolute(left.amount) > absolute(right.amount) ? -1 : 1));
}

/** Anthropic's two reports held against each other: nothing of it is ours to mend. */
function billsSection({ days, analytics, costReport, differences }: BillComparison): string[] {
  const gap = usd(analytics - costReport);
  const heading = `Anthropic's own reports, ${String(days.length)} days that both have: analytics/cost ${formatUsd(analytics)}, cost_report ${formatUsd(costReport)}`;
  if (differences.length === 0) return ["", `${heading}. They agree.`];
  return [
    "",
    `${heading}, apart by ${formatUsd(gap)}:`,
    ...billSummaries(differences).map(
      ({ cause, amount, days: theirs, models }) =>
        `${formatUsd(amount).padStart(14)}  ${BILL_CAUSES[cause]}; ${[daysText(theirs), ...models].join(", ")}`,
    ),
  ];
}

interface BillSummary {
  readonly cause: BillCause;
  readonly amount: Usd;
  readonly days: readonly string[];
  readonly models: readonly string[];
}

function billSummaries(differences: readonly BillDifference[]): readonly BillSummary[] {
  return [...groupBy(differences, ({ cause }) => cause).values()].flatMap((alike) => {
    const [first] = alike;
    if (first === undefined) return [];
    return [
      {
        cause: first.cause,
        amount: usd(alike.reduce((sum, { amount }) => sum + amount, 0n)),
        days: [...new Set(alike.map(({ day }) => day))].toSorted(),
        models: [...new Set(alike.flatMap(({ modelId }) => modelId ?? []))].toSorted(),
      },
    ];
  });
}

function billsJson({ days, analytics, costReport, differences }: BillComparison): object {
  return {
    days,
    analytics_cost: usdToDecimal(analytics),
    cost_report: usdToDecimal(costReport),
    difference: usdToDecimal(usd(analytics - costReport)),
    causes: billSummaries(differences).map(({ amount, cause, ...rest }) => ({
      cause,
      title: BILL_CAUSES[cause],
      amount: usdToDecimal(amount),
      ...rest,
    })),
  };
}

export function reconciliationJson(shown: Shown, bills?: BillComparison): object {
  const { period, share, days, pendingDays, standing } = shown;
  return {
    from: dayText(period.start),
    to: dayText(period.end),
    currency: "USD",
    tolerance_percent: shareText(share),
    ...standingJson(standing),
    ...(days.length === 0 ? { status: "pending" } : {}),
    causes: summaries(standing.totals).map((one) => ({
      cause: one.cause,
      kind: causeText(one.cause).kind,
      title: causeText(one.cause).title,
      amount: usdToDecimal(one.amount),
      percent: percentText(one.amount, standing.anthropicBilled),
      days: one.days,
      workspaces: one.workspaces.map((id) => id ?? null),
      models: one.models,
      evidence: one.evidence,
      advice: causeText(one.cause).advice,
      resolution: resolutionJson(one.acceptance),
    })),
    days: days.map((one) => ({
      day: one.day.day,
      report: one.day.report,
      ...standingJson(one.standing),
      as_of: one.day.dataRefreshedAt.toISOString(),
      judged_at: one.day.judgedAt.toISOString(),
      causes: one.standing.totals.map((total) => ({
        cause: total.cause,
        workspace_id: total.workspaceId ?? null,
        amount: usdToDecimal(total.amount),
        counts_as_drift: driftOf([total]) !== 0n,
        models: total.models,
        evidence: total.evidence,
        resolution: resolutionJson(total.acceptance),
      })),
    })),
    pending_days: pendingDays,
    anthropic_reports: bills === undefined ? null : billsJson(bills),
  };
}

function standingJson({
  anthropicBilled,
  charged,
  drift,
  unexplained,
  driftingDays,
}: Standing): object {
  const gap = usd(charged - anthropicBilled);
  return {
    status: driftingDays.length === 0 ? "reconciled" : "drift",
    anthropic_billed: usdToDecimal(anthropicBilled),
    charged: usdToDecimal(charged),
    difference: usdToDecimal(gap),
    difference_percent: percentText(gap, anthropicBilled),
    drift: usdToDecimal(drift),
    drift_percent: percentText(drift, anthropicBilled),
    unexplained: usdToDecimal(unexplained),
    unexplained_percent: percentText(unexplained, anthropicBilled),
  };
}

function resolutionJson(acceptance: CauseTotal["acceptance"]): object | null {
  if (acceptance === undefined) return null;
  const { reason, acceptedBy, acceptedAt } = acceptance;
  return { reason, accepted_by: acceptedBy, accepted_at: acceptedAt.toISOString() };
}
