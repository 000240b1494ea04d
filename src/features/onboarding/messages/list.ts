/** What there is of one kind, to change or add to. Pure. */
import {
  actions,
  button,
  context,
  escapeText,
  type Modal,
  modal,
  section,
  truncate,
} from "../../../slack/blocks.ts";
import { text } from "./fields.ts";
import { channelName } from "./hub.ts";
import { FIND_VIEW, FORM_ACTION, OPEN_ACTION } from "./names.ts";

export interface ListEntry {
  readonly key: string;
  readonly title: string;
  readonly details: string;
}

const LIST_MAX = 45;

const LISTS = {
  teams: { title: "Teams", form: "team", add: "Add a team", one: "team", none: "" },
  budgets: { title: "Budgets", form: "budget", add: "Add a budget", one: "budget", none: "" },
  approvals: {
    title: "Approvals",
    form: "approval",
    add: "Add a rule",
    one: "rule",
    none: " An owner of the team or an admin decides on a raise.",
  },
  digests: { title: "Digests", form: "digest", add: "Add a digest", one: "digest", none: "" },
} as const;
export type ListName = keyof typeof LISTS;
const LIST_NAMES = ["teams", "budgets", "digests", "approvals"] as const;

export function listNameOf(name: string): ListName | undefined {
  return LIST_NAMES.find((known) => known === name);
}

/** What there is of one kind, each with its button. Of very many those that a search finds. */
export function listModal(of: {
  readonly list: ListName;
  readonly entries: readonly ListEntry[];
  readonly mayAdd: boolean;
  readonly search: string;
}): Modal {
  const { list, entries, mayAdd, search } = of;
  const { title, form: kind, add, one, none } = LISTS[list];
  const wanted = search.trim().toLowerCase();
  const found = entries.filter(({ key, title: name }) =>
    `${key} ${name}`.toLowerCase().includes(wanted),
  );
  const shown = found.slice(0, LIST_MAX);
  const isLong = entries.length > LIST_MAX;
  return modal({
    callbackId: FIND_VIEW,
    title,
    ...(isLong ? { submit: "Find" } : {}),
    privateMetadata: list,
    blocks: [
      actions([
        ...(mayAdd
          ? [button({ actionId: FORM_ACTION, text: add, value: kind, style: "primary" })]
          : []),
        button({ actionId: OPEN_ACTION, text: "Back", value: "back" }),
      ]),
      ...(isLong
        ? [text({ id: "search", label: `Find a ${one}`, values: { search }, optional: true })]
        : []),
      ...(shown.length === 0
        ? [section(wanted === "" ? `No ${one} yet.${none}` : `No ${one} of that name.`)]
        : []),
      ...shown.map((entry) =>
        section(
          `*${escapeText(truncate(entry.title, 80))}*\n${entry.details}`,
          button({ actionId: FORM_ACTION, text: "Change", value: `${kind}:${entry.key}` }),
        ),
      ),
      ...(found.length > shown.length
        ? [context(`…and ${String(found.length - shown.length)} more: search for their name.`)]
        : []),
    ],
  });
}

/** One line about a team for the list. */
export function teamDetails(team: {
  readonly channel: string | undefined;
  readonly owners: number;
  readonly members: number;
}): string {
  const where = team.channel === undefined ? "no channel" : channelName(team.channel);
  return [where, counted(team.owners, "owner"), counted(team.members, "member")].join(" · ");
}

function counted(count: number, what: string): string {
  return `${String(count)} ${what}${count === 1 ? "" : "s"}`;
}
