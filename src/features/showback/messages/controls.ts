/** What leads on from a report: another part of it, another time, why, a raise, showing it. Pure. */
import { actions, type Block, type Button, button, type Menu } from "../../../slack/blocks.ts";
import { askAgain, askAgainMenu } from "../../../slack/suggestions.ts";
import { DIMENSION_TYPED } from "../rules/words.ts";
import type { Dimension, SpendReport } from "../rules.ts";
import { raiseButton, TITLES } from "./parts.ts";

export const SHARE_ACTION = "report_share";
/** A button's value is no longer. */
const SHARE_VALUE_CHARS_MAX = 2_000;

const PERIODS: readonly (readonly [text: string, typed: string])[] = [
  ["Today", "today"],
  ["Yesterday", "yesterday"],
  ["Last 7 days", "7d"],
  ["Last 30 days", "30d"],
  ["Month to date", "mtd"],
  ["Last month", "last-month"],
  ["Quarter to date", "this-quarter"],
  ["Last quarter", "last-quarter"],
];

/** Lists and buttons; each says what to ask next, so that authority is asked for anew. */
export function controlsOf(report: SpendReport): readonly Block[] {
  const { typed, period, view, budgets, dimensions } = report;
  const command = (typedPeriod: string, by: Dimension | undefined, isExact = false): string =>
    [
      typed,
      typedPeriod,
      ...(by === undefined ? [] : [`by ${DIMENSION_TYPED[by]}`]),
      ...(isExact ? ["exact"] : []),
    ].join(" ");
  const views = [
    ...(view.by === undefined && !view.isExact
      ? []
      : [{ text: "Overview", command: command(period.typed, undefined) }]),
    ...dimensions
      .filter((by) => by !== view.by)
      .map((by) => ({ text: TITLES[by], command: command(period.typed, by) })),
    ...(view.isExact
      ? []
      : [{ text: "Exact amounts", command: command(period.typed, view.by, true) }]),
    { text: "Forecast", command: `forecast ${typed}` },
    { text: "Why did it change?", command: `why ${typed} ${period.typed}` },
  ];
  const periods = PERIODS.filter(([, one]) => one !== period.typed).map(([text, one]) => ({
    text,
    command: command(one, view.by, view.isExact),
  }));
  const menus: readonly Menu[] = [
    ...askAgainMenu("drill", "Look closer", views),
    ...askAgainMenu("period", period.label, periods),
  ];
  const [budget] = budgets;
  const buttons: readonly Button[] = [
    ...(budget === undefined ? [] : [raiseButton(budget)]),
    ...shareButtons(report, command(period.typed, view.by, view.isExact)),
  ];
  const row = [...menus, ...buttons];
  // A name that is too long for a list still fits into buttons.
  const instead = menus.length < 2 ? askAgain([...views.slice(0, 3), ...periods.slice(2, 4)]) : [];
  return [...instead, ...(row.length === 0 ? [] : [actions(row)])];
}

/** Nobody shows a channel something by one careless click. */
function shareButtons({ mayShare, name }: SpendReport, value: string): readonly Button[] {
  if (!mayShare || value.length > SHARE_VALUE_CHARS_MAX) return [];
  return [
    button({
      actionId: SHARE_ACTION,
      text: "Share here",
      value,
      confirm: {
        title: "Show it to this channel?",
        text: `Everybody in this channel will see what ${name} spent, and that you shared it. Amounts per person are left out.`,
        yes: "Share",
      },
    }),
  ];
}
