/** App Home as a whole, and the windows that its buttons open. Pure. */
import type { Instant } from "../../../domain/time.ts";
import { basisText, estimateAt } from "../../../slack/basis-text.ts";
import {
  actions,
  type Block,
  button,
  context,
  DIVIDER,
  type HomeView,
  header,
  home,
  type Modal,
  modal,
  type SlackMessage,
  section,
} from "../../../slack/blocks.ts";
import { UNKNOWN_PERSON_ADVICE } from "../../../slack/unknown-person.ts";
import type { HomePage } from "../rules.ts";
import { ownSpendBlocks, teamBlocks } from "./spend.ts";
import {
  attentionBlocks,
  type OpenedCard,
  ownRequestBlocks,
  SHOW_ACTION,
  waitingBlocks,
} from "./waiting.ts";

export const SEND_REPORT_ACTION = "home_send_report";
/** Preferences listens to it, as budgets to the one of raises. */
const PREFERENCES_ACTION = "preferences_open";
const RAISE_ACTION = "budget_request_raise";
/** Another feature's part must leave room for what stands below it. */
const PART_BLOCKS_MAX = 12;

/** Everything but when it was looked up: two that are equal look the same. */
export function homeBlocks(
  page: HomePage,
  parts: {
    readonly opened: OpenedCard | undefined;
    /** Each of another feature, for this person: setting up. */
    readonly further: readonly (readonly Block[])[];
  },
): readonly Block[] {
  const further = parts.further
    .filter((blocks) => blocks.length > 0)
    .map((blocks) => blocks.slice(0, PART_BLOCKS_MAX));
  return [
    ...waitingBlocks(page.waiting, parts.opened),
    ...attentionBlocks(page),
    ...further.filter(isTask).flatMap((blocks) => [...blocks, DIVIDER]),
    ...ownSpendBlocks(page),
    DIVIDER,
    ...ownRequestBlocks(page.ownRequests),
    ...teamBlocks(page),
    DIVIDER,
    section(
      `*Preferences*\n${page.preferences}`,
      button({ actionId: PREFERENCES_ACTION, text: "Change", value: "home" }),
    ),
    actions([
      button({ actionId: RAISE_ACTION, text: "Request a raise", value: "any" }),
      button({ actionId: SHOW_ACTION, text: "Help", value: "help" }),
    ]),
    ...further.filter((blocks) => !isTask(blocks)).flat(),
  ];
}

/** What has a heading of its own is something to do; the rest are ways to somewhere else. */
function isTask([first]: readonly Block[]): boolean {
  return first?.type === "header";
}

/** What people see: the blocks, what their figures rest on, and as of when. */
export function homeView(blocks: readonly Block[], at: Instant): HomeView {
  return home([...blocks, context(`${basisText(estimateAt(at))} · \`/claude-spend help\``)]);
}

export function unknownPersonHome(): HomeView {
  return home([header("Claude Spend"), section(UNKNOWN_PERSON_ADVICE)]);
}

/** Modals take neither charts nor tables, and a button in one can't open another form. */
const MODAL_TYPES: ReadonlySet<Block["type"]> = new Set([
  "header",
  "section",
  "context",
  "divider",
]);
const SHOWN_VIEW = "home_shown";

/** An answer in a window; `send` is what the same is sent for as a message, in full. */
export function answerModal(title: string, answer: SlackMessage, send?: string): Modal {
  const blocks = answer.blocks
    .filter(({ type }) => MODAL_TYPES.has(type))
    .map((block) => (block.type === "section" ? withoutAccessory(block) : block));
  return modal({
    callbackId: SHOWN_VIEW,
    title,
    blocks: [
      ...(blocks.length === 0 ? [section(answer.text)] : blocks.slice(0, MODAL_BLOCKS_MAX)),
      ...(send === undefined
        ? []
        : [
            actions([button({ actionId: SEND_REPORT_ACTION, text: "Send it to me", value: send })]),
          ]),
    ],
  });
}

/** Room for the button below. */
const MODAL_BLOCKS_MAX = 98;

function withoutAccessory(block: Extract<Block, { readonly type: "section" }>): Block {
  const { accessory: _, ...rest } = block;
  return rest;
}

export function loadingModal(title: string): Modal {
  return saidModal(title, "One moment…");
}

export function saidModal(title: string, text: string): Modal {
  return modal({ callbackId: SHOWN_VIEW, title, blocks: [section(text)] });
}

export const NOTHING_TO_SHOW = {
  text: "There is nothing to show.",
  blocks: [],
} as const satisfies SlackMessage;

/** What could not be recorded, as its own feature draws it; undefined: it is not for this person. */
export function rejectedModal(title: string, blocks: readonly Block[] | undefined): Modal {
  if (blocks === undefined) return saidModal(title, "Only admins and finance can see this.");
  return answerModal(title, { text: "Everything was recorded.", blocks });
}
