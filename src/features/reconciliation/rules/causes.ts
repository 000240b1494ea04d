/**
 * Why two sides differ: every cause that a difference may be given, what it means and what to do.
 * `docs/reconciliation.md` has the same list for people. Pure.
 */

/**
 * - exclusion: known and harmless; it is named and does not count as drift
 * - fault: something is wrong on our side, or between us; it counts until it is mended or accepted
 * - open: nobody knows
 */
type CauseKind = "exclusion" | "fault" | "open";

interface CauseText {
  readonly kind: CauseKind;
  readonly title: string;
  /** What to do about it; of an exclusion, why it is none. */
  readonly advice: string;
}

const CAUSES = {
  priority_tier: {
    kind: "exclusion",
    title: "Priority Tier",
    advice: "It is paid by commitment: its tokens are in no cost report.",
  },
  code_execution: {
    kind: "exclusion",
    title: "code execution",
    advice: "Container time is billed by the hour and stands in no usage event.",
  },
  session_usage: {
    kind: "exclusion",
    title: "session time",
    advice: "Session time is billed by the hour and stands in no usage event.",
  },
  web_search: {
    kind: "exclusion",
    title: "web searches that no source reports",
    advice: "Send server_tool_use with the events to have them in our figures.",
  },
  other_provider: {
    kind: "exclusion",
    title: "usage on another provider's platform",
    advice: "Bedrock, Vertex and others send a bill of their own.",
  },
  unlinked_workspace: {
    kind: "exclusion",
    title: "workspace that no source reports",
    advice: "Connect what runs in it (docs/sources.md), or let Anthropic's report count for it.",
  },
  reported_cost: {
    kind: "exclusion",
    title: "cost as a source reported it",
    advice: "Its own figure was taken; have it send tokens to be priced by the list.",
  },
  bills_differ: {
    kind: "exclusion",
    title: "Anthropic's own reports differ",
    advice:
      "Our total is what the other one of analytics/cost and cost_report says: one of them has been revised, or leaves something out.",
  },
  rounding: {
    kind: "exclusion",
    title: "rounding of the report",
    advice: "Less than half of its last digit for each row.",
  },
  wrong_cache_lifetime: {
    kind: "fault",
    title: "wrong cache lifetime",
    advice:
      "The tokens agree, their lifetime does not: have the source send cache_creation with its 5-minute and 1-hour parts, and correct what it sent.",
  },
  lost_hour: {
    kind: "fault",
    title: "lost hour",
    advice:
      "Send the events of that time again, or import them: what is there already counts once.",
  },
  doubled_source: {
    kind: "fault",
    title: "doubled source",
    advice:
      "Send request_id with every event, name one metering source for the workspace (docs/sources.md), and void what was counted twice.",
  },
  missed_discount: {
    kind: "fault",
    title: "missed discount",
    advice: "Add the discount to governance.yml, then run `claude-spend reprice --from DAY`.",
  },
  undue_discount: {
    kind: "fault",
    title: "discount that Anthropic does not give",
    advice: "Correct the discounts in governance.yml, then run `claude-spend reprice --from DAY`.",
  },
  unknown_model: {
    kind: "fault",
    title: "unknown model at the fallback price",
    advice: "Record its price with `claude-spend prices apply FILE`: the past is re-rated then.",
  },
  estimated_price: {
    kind: "fault",
    title: "price that had to be assumed",
    advice:
      "Record the price with `claude-spend prices apply FILE`, or send single requests in place of sums; then run `claude-spend reprice --from DAY`.",
  },
  unpriced_tier: {
    kind: "fault",
    title: "tier that was not priced",
    advice:
      "Have the source send service_tier, speed and inference_geo as Anthropic answered them, and correct what it sent.",
  },
  time_zone_shift: {
    kind: "fault",
    title: "time-zone shift",
    advice: "Have the source send occurred_at in UTC or with its offset, and correct what it sent.",
  },
  unknown_workspace: {
    kind: "fault",
    title: "workspace that Anthropic's bill does not have",
    advice: "It belongs to another organization, or its id is wrong: mend the source.",
  },
  unexplained: {
    kind: "open",
    title: "unexplained",
    advice:
      "Look at the workspace and model of that day; `claude-spend doctor` names sources that overlap and events that were rejected.",
  },
} as const satisfies Readonly<Record<string, CauseText>>;

export type Cause = keyof typeof CAUSES;

export function causeText(cause: Cause): CauseText {
  return CAUSES[cause];
}

export function parseCause(text: string): Cause | undefined {
  return causeNames().find((cause) => cause === text);
}

export function causeNames(): readonly Cause[] {
  const names: Cause[] = [];
  for (const name in CAUSES) if (isCause(name)) names.push(name);
  return names;
}

function isCause(name: string): name is Cause {
  return Object.hasOwn(CAUSES, name);
}
