/** Fields and frames of the set-up's forms, each within Slack's limits for any value. Pure. */
import {
  actions,
  type Block,
  button,
  DIVIDER,
  type InputElement,
  input,
  type Modal,
  modal,
  option,
  section,
  select,
} from "../../../slack/blocks.ts";
import { ELSEWHERE, type FormValues } from "../rules/forms.ts";
import { LIST_ACTION, REMOVE_ACTION } from "./names.ts";

/** What a form has to remember of what it was opened for. */
export interface FormOrigin {
  /** Of the governance document that it showed; 0: there was none. */
  readonly version: number;
  /** What it changes; absent: something new. */
  readonly key?: string | undefined;
  /** Marks of the people and the channel that its fields showed: what they did not show stays. */
  readonly shown?: readonly string[] | undefined;
}

/** What the form of a digest or of the organization has to know beside its values. */
export interface ChannelContent {
  /** Its channel is one of another workspace: the field can't show it, and left empty it stays. */
  readonly isElsewhere?: boolean;
}

export interface FormContent extends ChannelContent {
  readonly origin: FormOrigin;
  readonly values: FormValues;
  /** What to know before it is sent: what went wrong, or what somebody else changed. */
  readonly note?: string | undefined;
  /** Only some of its fields are this person's to change. */
  readonly isOwners?: boolean;
}

const TEXT_CHARS_MAX = 100;
const PEOPLE_MAX = 100;

export interface Choice {
  readonly value: string;
  readonly text: string;
}

export function parseOrigin(privateMetadata: string): FormOrigin {
  const [about = "", shown = ""] = privateMetadata.split("\n");
  const [version = "", ...key] = about.split(" ");
  return {
    version: /^\d{1,9}$/.test(version) ? Number(version) : 0,
    ...(key.length === 0 ? {} : { key: key.join(" ") }),
    ...(shown === "" ? {} : { shown: shown.split(" ") }),
  };
}

/**
 * A form in the set-up's window. Slack keeps what was typed into a block of the same id when a
 * window shows another form, so that each form has ids of its own.
 */
export function form(of: {
  readonly callbackId: string;
  readonly title: string;
  readonly submit?: string;
  readonly origin: FormOrigin;
  readonly note: string | undefined;
  readonly blocks: readonly Block[];
}): Modal {
  const { version, key, shown = [] } = of.origin;
  const origin = key === undefined ? String(version) : `${String(version)} ${key}`;
  const blocks = of.blocks.map((block) =>
    block.type === "input"
      ? { ...block, block_id: `${of.callbackId} ${origin}.${block.block_id}` }
      : block,
  );
  return modal({
    callbackId: of.callbackId,
    title: of.title,
    submit: of.submit ?? "Save",
    privateMetadata: shown.length === 0 ? origin : `${origin}\n${shown.join(" ")}`,
    blocks: [...(of.note === undefined ? [] : [section(of.note), DIVIDER]), ...blocks],
  });
}

/** "name" of the id that `form` gave its block. */
export function fieldOf(blockId: string): string {
  return blockId.slice(blockId.lastIndexOf(".") + 1);
}

export interface Field {
  readonly id: string;
  readonly label: string;
  readonly values: FormValues;
  readonly hint?: string;
  readonly optional?: boolean;
}

function field({ id, label, hint, optional }: Field, element: InputElement): Block {
  return input({
    blockId: id,
    label,
    ...(hint === undefined ? {} : { hint }),
    optional: optional ?? false,
    element,
  });
}

export function text(of: Field): Block {
  const initial = of.values[of.id] ?? "";
  const charsMax = of.id === "projects" ? 3_000 : TEXT_CHARS_MAX;
  return field(of, {
    type: "plain_text_input",
    action_id: of.id,
    max_length: charsMax,
    ...(initial === "" ? {} : { initial_value: initial.slice(0, charsMax) }),
  });
}

export function channel(of: Field): Block {
  const initial = of.values[of.id];
  return field(of, {
    type: "conversations_select",
    action_id: of.id,
    filter: { include: ["public", "private"], exclude_bot_users: true },
    ...(initial === undefined ? {} : { initial_conversation: initial }),
  });
}

/** A channel that has to be chosen; one of another workspace stays where nothing is. */
export function requiredChannel(
  of: Omit<Field, "id"> & ChannelContent & { readonly isOptional?: boolean },
): Block {
  const { isElsewhere = false, isOptional = false, values, label, hint = "" } = of;
  return isElsewhere
    ? channel({
        id: ELSEWHERE,
        label,
        values,
        hint: "It is a channel of another workspace. Left empty, it stays.",
        optional: true,
      })
    : channel({ id: "channel", label, values, hint, optional: isOptional });
}

export function people(of: Field): Block {
  const initial = (of.values[of.id] ?? "").split(",").filter((id) => id !== "");
  return field(
    { ...of, optional: true },
    {
      type: "multi_users_select",
      action_id: of.id,
      max_selected_items: PEOPLE_MAX,
      ...(initial.length === 0 ? {} : { initial_users: initial.slice(0, PEOPLE_MAX) }),
    },
  );
}

export function choice(
  of: Field & { readonly choices: readonly Choice[]; readonly initial?: string },
): Block {
  const options = of.choices.map((one) => option(one.text, one.value));
  const wanted = of.values[of.id] ?? of.initial;
  const initial = options.find(({ value }) => value === wanted);
  return field(of, select(of.id, options, initial));
}

export function removal(kind: string, { version, key }: FormOrigin, label: string): Block[] {
  return [
    DIVIDER,
    actions([
      button({
        actionId: REMOVE_ACTION,
        text: label,
        value: `${String(version)} ${kind}:${key ?? ""}`,
        style: "danger",
        confirm: {
          title: `${label}?`,
          text: "What was recorded stays. The history keeps this version, so you can go back.",
          yes: "Remove",
        },
      }),
      button({ actionId: LIST_ACTION, text: "Back", value: `${kind}s` }),
    ]),
  ];
}

export function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
