/** The answer to `why`: the change, what makes it up, who and what moved. Pure. */
import { NO_DRIVER } from "../../../domain/alert.ts";
import type { FigureBasis } from "../../../domain/basis.ts";
import { dayText } from "../../../domain/date-text.ts";
import { formatUsd, sumUsd, type Usd, usd } from "../../../domain/money.ts";
import { addMs, type Instant, type Period, type TimeZone } from "../../../domain/time.ts";
import { basisText } from "../../../slack/basis-text.ts";
import {
  context,
  escapeText,
  message,
  type SlackMessage,
  section,
  truncate,
} from "../../../slack/blocks.ts";
import { EFFECTS, type Effect, type Effects } from "../rules/effects.ts";

const NAME_CHARS_MAX = 120;

const CALLED: Readonly<Record<string, string>> = {
  team: "Teams",
  project: "Projects",
  user: "People",
  model: "Models",
  api_key: "Keys",
};

const MEANS: Readonly<Record<Effect, { readonly more: string; readonly less: string }>> = {
  volume: { more: "more tokens", less: "fewer tokens" },
  mix: { more: "dearer models or longer answers", less: "cheaper models or shorter answers" },
  cache: { more: "less read from the cache", less: "more read from the cache" },
  price: { more: "higher prices of the same tokens", less: "lower prices of the same tokens" },
};

const EFFECT_CALLED: Readonly<Record<Effect, string>> = {
  volume: "Volume",
  mix: "Mix",
  cache: "Cache",
  price: "Price",
};

const NOBODY: ReadonlySet<string> = new Set(Object.values(NO_DRIVER));

interface ShownMover {
  readonly name: string;
  readonly now: Usd;
  readonly before: Usd;
}

export interface ShownWhy {
  readonly explanation: {
    readonly name: string;
    readonly span: Period;
    readonly before: Period;
    readonly total: { readonly now: Usd; readonly before: Usd };
    readonly movers: readonly { readonly by: string; readonly top: readonly ShownMover[] }[];
  };
  readonly effects: Effects | undefined;
  readonly basis?: FigureBasis;
  readonly label: string;
  readonly previousLabel: string;
  /** In which its days are. */
  readonly zone: TimeZone;
  readonly now: Instant;
}

/** One line; parts that are nothing are left out. They add up to the change. */
export function effectsText(effects: Effects): string {
  const parts = EFFECTS.filter((effect) => effects[effect] !== 0n).map(
    (effect) => `${signedText(effects[effect])} by ${meaningOf(effect, effects[effect])}`,
  );
  return parts.length === 0 ? "Nothing of it changed." : `${parts.join(", ")}.`;
}

export function whyMessage(why: ShownWhy): SlackMessage {
  const { explanation, effects } = why;
  const { name, total, span, before } = explanation;
  const change = usd(total.now - total.before);
  const headline = `${nameText(name)}: ${formatUsd(total.now)}, ${changeText(total)}`;
  const news = explanation.movers.flatMap(({ by, top }) =>
    top.filter((mover) => mover.before === 0n && mover.now > 0n).map((mover) => ({ by, ...mover })),
  );
  const sections = explanation.movers
    .filter(({ top }) => top.some(({ name: one }) => !NOBODY.has(one)))
    .map(({ by, top }) => section(moversText(by, top, change)));
  return message(`${headline}.`, [
    section(`*${headline}.*\n${escapeText(why.label)}, against ${escapeText(why.previousLabel)}.`),
    ...(effects === undefined || change === 0n ? [] : [section(effectLines(effects))]),
    ...(sections.length === 0 ? [section("Nothing changed against the time before.")] : sections),
    ...(news.length === 0
      ? []
      : [
          section(
            `*New*\n${news.map((one) => `• ${(CALLED[one.by] ?? one.by).toLowerCase()}: ${nameText(one.name)} ${formatUsd(one.now)}`).join("\n")}`,
          ),
        ]),
    context(
      `${daysText(span, why)}, against ${daysText(before, why)} · each list adds up to the change`,
    ),
    ...(why.basis === undefined ? [] : [context(basisText(why.basis))]),
  ]);
}

function effectLines(effects: Effects): string {
  const lines = EFFECTS.filter((effect) => effects[effect] !== 0n).map(
    (effect) =>
      `${signedText(effects[effect])}  ${EFFECT_CALLED[effect]}: ${meaningOf(effect, effects[effect])}`,
  );
  return `*What makes up the change*\n${lines.join("\n")}`;
}

function moversText(by: string, top: readonly ShownMover[], change: Usd): string {
  const rest = usd(change - sumUsd(top.map(({ now, before }) => usd(now - before))));
  const lines = top.map(
    (mover) =>
      `${signedText(usd(mover.now - mover.before))}  ${nameText(mover.name)} · ${formatUsd(mover.now)}`,
  );
  if (rest !== 0n) lines.push(`${signedText(rest)}  everything else`);
  return `*${CALLED[by] ?? escapeText(by)}*\n${lines.join("\n")}`;
}

function meaningOf(effect: Effect, amount: Usd): string {
  return MEANS[effect][amount > 0n ? "more" : "less"];
}

function changeText({ now, before }: { readonly now: Usd; readonly before: Usd }): string {
  if (now === before) return "as before";
  if (before === 0n) return "nothing before";
  const difference = usd(now - before);
  const amount = formatUsd(difference < 0n ? usd(0n - difference) : difference);
  return `${amount} ${difference > 0n ? "more" : "less"} than ${formatUsd(before)}`;
}

/** "+$3.00", "−$3.00". */
function signedText(amount: Usd): string {
  return amount < 0n ? `−${formatUsd(usd(0n - amount))}` : `+${formatUsd(amount)}`;
}

function nameText(name: string): string {
  return escapeText(truncate(name, NAME_CHARS_MAX));
}

/** "Nov 1 – Nov 18", "Nov 18". */
function daysText(
  { start, end }: Period,
  { zone, now }: { readonly zone: TimeZone; readonly now: Instant },
): string {
  const from = dayText(start, zone, now);
  const to = dayText(addMs(end, -1), zone, now);
  return from === to ? from : `${from} – ${to}`;
}
