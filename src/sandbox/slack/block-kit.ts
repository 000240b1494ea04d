/**
 * The strict Block Kit validator: what Slack refuses, it refuses, with Slack's JSON pointers. The
 * schemas say what one block may be; here stands what holds across the blocks of a message or view.
 */
import { z } from "zod";
import { BLOCKS_MAX, MARKDOWN_CHARS_MAX, type Surface, surfaceBlocks } from "./block-kit-blocks.ts";
import { ID_CHARS_MAX, plainText } from "./block-kit-objects.ts";
import {
  countShownChars,
  elementPlaces,
  type Placed,
  placedBlocks,
  withIds,
} from "./block-kit-walk.ts";
import type { Json } from "./json.ts";
import type { BlockJson } from "./protocol.ts";

const VIEW_BYTES_MAX = 250_000;
const TABLES_MAX = 1;
const CHARTS_MAX = 2;
/** Undocumented; Slack answers `msg_blocks_too_long` somewhere near it. */
const MESSAGE_BLOCKS_CHARS_MAX = 13_200;

export interface BlockProblem {
  /** JSON pointer into what was validated: `/blocks/0/text/text`. */
  readonly pointer: string;
  readonly message: string;
}

export type Validated<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly BlockProblem[] };

/** Slack's own spelling of a problem, as in `response_metadata.messages`. */
export function problemText({ pointer, message }: BlockProblem): string {
  return `[ERROR] ${message} [json-pointer:${pointer}]`;
}

/**
 * Checks `blocks` for `surface`. Accepted blocks come back with the `block_id`s and `action_id`s
 * that they left out, made by `newId`, as Slack does.
 */
export function validateBlocks(
  surface: Surface,
  blocks: unknown,
  newId: () => string,
): Validated<readonly BlockJson[]> {
  const parsed = z.array(surfaceBlocks[surface]).max(BLOCKS_MAX[surface]).safeParse(blocks);
  if (!parsed.success) return { ok: false, problems: problemsOf(parsed.error, "/blocks") };
  const named = withIds(parsed.data, newId);
  const problems = crossProblems(surface, named);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: named };
}

export interface View {
  readonly type: "modal" | "home";
  readonly blocks: readonly BlockJson[];
  readonly private_metadata: string;
  readonly callback_id: string;
  readonly external_id: string;
  readonly title: z.infer<typeof viewText> | null;
  readonly submit: z.infer<typeof viewText> | null;
  readonly close: z.infer<typeof viewText> | null;
  readonly clear_on_close: boolean;
  readonly notify_on_close: boolean;
}

const viewText = plainText(24);
const common = {
  blocks: z.unknown(),
  private_metadata: z.string().max(3000).optional(),
  callback_id: z.string().max(ID_CHARS_MAX).optional(),
  external_id: z.string().max(ID_CHARS_MAX).optional(),
};
const viewFrame = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("modal"),
    ...common,
    title: viewText,
    submit: viewText.optional(),
    close: viewText.optional(),
    clear_on_close: z.boolean().optional(),
    notify_on_close: z.boolean().optional(),
    submit_disabled: z.boolean().optional(),
  }),
  z.strictObject({ type: z.literal("home"), ...common }),
]);

/** Whether a view is above the size that Slack takes at all (`view_too_large`). */
export function isViewTooLarge(view: unknown): boolean {
  return Buffer.byteLength(JSON.stringify(view)) > VIEW_BYTES_MAX;
}

/** Checks a modal or home view; pointers start at `/view`. */
export function validateView(view: unknown, newId: () => string): Validated<View> {
  const frame = viewFrame.safeParse(view);
  if (!frame.success) return { ok: false, problems: problemsOf(frame.error, "/view") };
  const blocks = validateBlocks(frame.data.type, frame.data.blocks, newId);
  if (!blocks.ok) {
    const problems = blocks.problems.map((problem) => ({
      ...problem,
      pointer: `/view${problem.pointer}`,
    }));
    return { ok: false, problems };
  }
  const modal = frame.data.type === "modal" ? frame.data : undefined;
  const hasInput = blocks.value.some((block) => block.type === "input");
  if (modal !== undefined && modal.submit === undefined && hasInput) {
    const message = "missing required field: submit, because the view has an input block";
    return { ok: false, problems: [{ pointer: "/view", message }] };
  }
  return {
    ok: true,
    value: {
      type: frame.data.type,
      blocks: blocks.value,
      private_metadata: frame.data.private_metadata ?? "",
      callback_id: frame.data.callback_id ?? "",
      external_id: frame.data.external_id ?? "",
      title: modal?.title ?? null,
      submit: modal?.submit ?? null,
      close: modal?.close ?? null,
      clear_on_close: modal?.clear_on_close ?? false,
      notify_on_close: modal?.notify_on_close ?? false,
    },
  };
}

/** Blocks of a message are too long together though each is fine. */
export function areBlocksTooLong(blocks: readonly BlockJson[]): boolean {
  return countShownChars(blocks) > MESSAGE_BLOCKS_CHARS_MAX;
}

function problemsOf(error: z.ZodError, root: string): readonly BlockProblem[] {
  return error.issues.flatMap((issue) => issuesOf(issue, root));
}

function issuesOf(issue: z.core.$ZodIssue, root: string): readonly BlockProblem[] {
  const pointer = `${root}${issue.path.map((part) => `/${String(part)}`).join("")}`;
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({ pointer, message: `invalid additional property: ${key}` }));
    case "invalid_union":
      return [
        {
          pointer,
          message:
            issue.errors.length > 0 ? "failed to match all allowed schemas" : "unsupported type",
        },
      ];
    case "invalid_type":
      return [{ pointer, message: missingOr(issue.message) }];
    case "too_small":
    case "too_big":
      return [{ pointer, message: sizeText(issue) }];
    case "custom":
    case "invalid_element":
    case "invalid_format":
    case "invalid_key":
    case "invalid_value":
    case "not_multiple_of":
      return [{ pointer, message: issue.message }];
  }
}

function missingOr(message: string): string {
  return message.endsWith("received undefined") ? "missing required field" : message;
}

function sizeText(issue: z.core.$ZodIssueTooBig | z.core.$ZodIssueTooSmall): string {
  const isText = issue.origin === "string";
  if (issue.code === "too_big") {
    const maximum = Number(issue.maximum);
    return isText
      ? `must be less than ${String(maximum + 1)} characters`
      : `no more than ${String(maximum)} ${issue.origin === "array" ? "items " : ""}allowed`;
  }
  const minimum = Number(issue.minimum);
  return isText
    ? `must be more than ${String(minimum - 1)} characters`
    : `no less than ${String(minimum)} ${issue.origin === "array" ? "items " : ""}allowed`;
}

function crossProblems(surface: Surface, blocks: readonly BlockJson[]): readonly BlockProblem[] {
  const placed = placedBlocks(blocks, "/blocks");
  const elements = placed.flatMap(elementPlaces);
  const markdownChars = placed
    .filter(({ node }) => node["type"] === "markdown")
    .reduce((sum, { node }) => sum + String(node["text"]).length, 0);
  return [
    ...beyond(placed, ["table", "data_table"], TABLES_MAX),
    ...beyond(placed, ["data_visualization"], CHARTS_MAX),
    ...repeated(placed, "block_id"),
    ...placed.flatMap((block) => repeated(elementPlaces(block), "action_id")),
    ...(markdownChars > MARKDOWN_CHARS_MAX
      ? [
          {
            pointer: "/blocks",
            message: `markdown must be less than ${String(MARKDOWN_CHARS_MAX + 1)} characters in all`,
          },
        ]
      : []),
    ...elements
      .filter(({ node }) => node["focus_on_load"] === true)
      .slice(1)
      .map(({ pointer }) => ({ pointer, message: "only one element may have focus_on_load" })),
    ...elements
      .filter(({ node }) => surface !== "modal" && needsModal(node))
      .map(({ pointer }) => ({
        pointer,
        message: "only allowed in modals",
      })),
  ];
}

function needsModal(element: Json): boolean {
  return element["type"] === "file_input" || element["response_url_enabled"] === true;
}

function beyond(placed: readonly Placed[], types: readonly string[], max: number): BlockProblem[] {
  return placed
    .filter(({ node }) => types.includes(String(node["type"])))
    .slice(max)
    .map(({ pointer }) => ({
      pointer,
      message: `no more than ${String(max)} ${types.join(" or ")} allowed`,
    }));
}

function repeated(placed: readonly Placed[], field: "block_id" | "action_id"): BlockProblem[] {
  const seen = new Set<unknown>();
  return placed.flatMap(({ node, pointer }) => {
    const value = node[field];
    const isRepeated = value !== undefined && seen.has(value);
    seen.add(value);
    const message = `"${String(value)}" is used more than once`;
    return isRepeated ? [{ pointer: `${pointer}/${field}`, message }] : [];
  });
}
