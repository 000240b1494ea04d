/** The report of a scope as one message: how much, against what, where it ends, what drives it. Pure. */
import { dayText } from "../../../domain/date-text.ts";
import { formatUsd, usd, usdToDecimal } from "../../../domain/money.ts";
import { localParts } from "../../../domain/time.ts";
import { basisText, freshText } from "../../../slack/basis-text.ts";
import {
  type Block,
  chart,
  context,
  dataTable,
  escapeText,
  fields,
  header,
  message,
  type SlackMessage,
  section,
} from "../../../slack/blocks.ts";
import { type Breakdown, cacheSharePercent, type SpendReport, topRows } from "../rules.ts";
import { controlsOf } from "./controls.ts";
import {
  budgetLine,
  comparedText,
  daysText,
  inSentence,
  nameOf,
  plainName,
  sharePercentText,
  TITLES,
} from "./parts.ts";

const TOP_ROWS = 5;
/** One list alone has room for more. */
const TOP_ROWS_ALONE = 10;
/** More budgets of one scope are what `budget` shows. */
const BUDGETS_SHOWN_MAX = 3;
const UNIT_COSTS_SHOWN_MAX = 3;
/** Slack draws no more; neighbours are added up. */
const CHART_POINTS_MAX = 20;
/** Within so many days no day of the month comes twice. */
const SHORT_DAYS_MAX = 28;

/** For whoever asked, with what leads on from it. */
export function reportMessage(report: SpendReport): SlackMessage {
  return message(summaryOf(report), [...contentOf(report), ...controlsOf(report)]);
}

/** The same for a channel: who shows it, and nothing to click. */
export function sharedReportMessage(report: SpendReport, slackUserId: string): SlackMessage {
  return message(summaryOf(report), [
    ...contentOf(report),
    context(`Shared by <@${slackUserId}> · \`/claude-spend\` shows yours`),
  ]);
}

function summaryOf({ name, spend, previous, period }: SpendReport): string {
  const change = comparedText(spend.cost, previous.cost);
  const against = change === undefined ? "" : `, ${change} ${period.previousLabel}`;
  return `${escapeText(name)}: ${formatUsd(spend.cost)}, ${inSentence(period.label)}${against}.`;
}

function contentOf(report: SpendReport): readonly Block[] {
  const { spend, view } = report;
  const blocks: Block[] = [
    header(`${report.name} · ${formatUsd(spend.cost)}`),
    section(comparisonText(report)),
  ];
  // How a budget stands today says nothing about a span that is over.
  const isOver = report.period.current.end < report.asOf;
  if (view.by === undefined && report.budgets.length > 0 && !isOver) {
    const shown = report.budgets.slice(0, BUDGETS_SHOWN_MAX);
    blocks.push(section(shown.map(budgetLine).join("\n")));
  }
  if (spend.requests === 0 && spend.cost === 0n) {
    blocks.push(section(isOver ? "No usage in this period." : "No usage yet in this period."));
  } else {
    blocks.push(...figuresOf(report), context(factsText(report)));
  }
  blocks.push(context(basisLine(report)));
  return blocks;
}

/** "*Month to date* (Nov 1–23) · ▲ 78% vs $200.00, same days last month (Oct 1–23)". */
function comparisonText({ period, spend, previous, zone, asOf }: SpendReport): string {
  const days = daysText(period.current, zone, asOf);
  const span = days === period.label ? "" : ` (${days})`;
  const before = `${escapeText(period.previousLabel)} (${daysText(period.previous, zone, asOf)})`;
  const change = comparedText(spend.cost, previous.cost);
  const against =
    change === undefined
      ? `nothing spent ${before}`
      : `${change} ${formatUsd(previous.cost)}, ${before}`;
  return `*${escapeText(period.label)}*${span} · ${against}`;
}

function figuresOf(report: SpendReport): readonly Block[] {
  if (report.view.isExact) return [exactTable(report)];
  const breakdowns = report.breakdowns.filter(({ rows }) => rows.length > 0);
  const [alone] = breakdowns;
  if (report.view.by !== undefined) {
    return alone === undefined
      ? []
      : [breakdownChart(alone), section(breakdownText(alone, report, TOP_ROWS_ALONE))];
  }
  return [
    ...courseChart(report),
    ...(alone === undefined
      ? []
      : [fields(breakdowns.map((one) => breakdownText(one, report, TOP_ROWS)))]),
  ];
}

/** One point is no course. */
function courseChart({ course, zone, asOf }: SpendReport): readonly Block[] {
  const { step, points } = course;
  if (points.length < 2) return [];
  const together = Math.ceil(points.length / CHART_POINTS_MAX);
  return [
    chart({
      title: `Spend by ${together === 1 ? step : `${String(together)} ${step}s`}`,
      kind: "bar",
      fold: "sum",
      categories: points.map(({ at }, index) => {
        const day = dayText(at, zone, asOf);
        if (step === "hour") return `${day} ${hourText(at, zone)}`;
        // "Nov 1, 2, 3": short enough to stand upright, and still one label a day.
        const isPlain =
          index > 0 && localParts(at, zone).day > 1 && points.length <= SHORT_DAYS_MAX;
        return isPlain ? String(localParts(at, zone).day) : day;
      }),
      series: [{ name: "Spend", values: points.map(({ cost }) => cost) }],
    }),
  ];
}

function hourText(at: SpendReport["asOf"], zone: SpendReport["zone"]): string {
  return `${String(localParts(at, zone).hour).padStart(2, "0")}:00`;
}

function breakdownChart({ key, rows, rest }: Breakdown): Block {
  const { top, othersCount, others } = topRows(rows, TOP_ROWS, rest);
  return chart({
    title: TITLES[key],
    kind: "pie",
    categories: [
      ...top.map((row) => plainName(key, row.key)),
      ...(othersCount > 0 ? [othersText(othersCount)] : []),
    ],
    series: [
      {
        name: "Spend",
        values: [...top.map(({ cost }) => cost), ...(othersCount > 0 ? [others] : [])],
      },
    ],
  });
}

function breakdownText(
  { key, rows, rest }: Breakdown,
  { spend }: SpendReport,
  rowsMax: number,
): string {
  const { top, othersCount, others } = topRows(rows, rowsMax, rest);
  const lines = top.map(
    (row) => `${formatUsd(row.cost)}  ${nameOf(key, row.key)}${shareText(row.cost, spend.cost)}`,
  );
  if (othersCount > 0) lines.push(`${formatUsd(others)}  ${othersText(othersCount)}`);
  return [`*${TITLES[key]}*`, ...lines].join("\n");
}

function othersText(count: number): string {
  return count === 1 ? "1 other" : `${count.toLocaleString("en-US")} others`;
}

/** " · 12%"; nothing where a share of the whole means nothing. */
function shareText(cost: SpendReport["spend"]["cost"], total: typeof cost): string {
  return total <= 0n || cost <= 0n ? "" : ` · ${sharePercentText(cost, total)}`;
}

/** Every amount to its last digit. */
function exactTable({ breakdowns, name, period, spend }: SpendReport): Block {
  const [breakdown] = breakdowns;
  const rows = breakdown === undefined ? [] : topRows(breakdown.rows, breakdown.rows.length).top;
  const key = breakdown?.key ?? "model";
  return dataTable({
    caption: `${name}, ${inSentence(period.label)}, in US dollars`,
    columns: [{ name: TITLES[key] }, { name: "USD", align: "right" }],
    rows: [
      ["Total", usdToDecimal(spend.cost)],
      ...rows.map((row) => [plainName(key, row.key), usdToDecimal(row.cost)]),
    ],
    rowCount: 1 + rows.length + (breakdown?.rest?.count ?? 0),
  });
}

/** "1,234 requests · $0.28 each · 80% of prompts from cache · $1.20 per ticket". */
function factsText({ spend, unitCosts }: SpendReport): string {
  const cache = cacheSharePercent(spend);
  return [
    `${spend.requests.toLocaleString("en-US")} ${spend.requests === 1 ? "request" : "requests"}`,
    ...(spend.requests === 0
      ? []
      : [`${formatUsd(usd(spend.cost / BigInt(spend.requests)))} each`]),
    ...(cache === undefined ? [] : [`${String(cache)}% of prompts from cache`]),
    ...unitCosts
      .slice(0, UNIT_COSTS_SHOWN_MAX)
      .map(({ metric, cost }) => `${formatUsd(cost)} per ${escapeText(metric)}`),
  ].join(" · ");
}

/** What the figures rest on, as of when, and up to when usage has come in. */
function basisLine({ asOf, basis, dataUntil }: SpendReport): string {
  const { kind = "estimated", asOf: at = asOf } = basis ?? {};
  return `${basisText({ kind, asOf: at.toISOString() })} · ${freshText({ asOf, dataUntil })}`;
}
