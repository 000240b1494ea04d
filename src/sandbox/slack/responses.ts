/**
 * Messages that a bot sends as an answer: the body of a command's acknowledgement and what it posts
 * to a response URL. Both have one form and one set of rules.
 */
import { z } from "zod";
import { areBlocksTooLong, problemText } from "./block-kit.ts";
import { validateMessage } from "./message-blocks.ts";
import { deleteMessage, editMessage, findMessage, postMessage } from "./messages.ts";
import type { ResponseUrl, Slack } from "./state.ts";

const responseSchema = z.looseObject({
  response_type: z.enum(["ephemeral", "in_channel"]).default("ephemeral"),
  text: z.string().default(""),
  blocks: z.array(z.unknown()).default([]),
  thread_ts: z.string().optional(),
  replace_original: z.boolean().default(false),
  delete_original: z.boolean().default(false),
});

export type Responded =
  | { readonly ok: true }
  | { readonly ok: false; readonly error: string; readonly messages: readonly string[] };

/** Posts, replaces or deletes as `body` says; what Slack would refuse changes nothing. */
export function respond(
  slack: Slack,
  target: Pick<ResponseUrl, "userId" | "channel" | "messageTs">,
  body: unknown,
): Responded {
  const parsed = responseSchema.safeParse(body);
  if (!parsed.success) return refused("invalid_payload");
  const response = parsed.data;
  const original =
    target.messageTs === null ? undefined : findMessage(slack, target.channel, target.messageTs);
  if (response.delete_original) {
    if (original === undefined) return refused("message_not_found");
    deleteMessage(slack, original);
    return { ok: true };
  }
  if (response.text === "" && response.blocks.length === 0) return refused("no_text");
  const blocks = validateMessage(slack, response.blocks, { showsFiles: false });
  if (!blocks.ok) return refused("invalid_blocks", blocks.problems.map(problemText));
  if (areBlocksTooLong(blocks.value)) return refused("msg_blocks_too_long");
  const content = { text: response.text, blocks: blocks.value };
  if (response.replace_original && target.messageTs !== null) {
    if (original === undefined) return refused("message_not_found");
    editMessage(slack, original, content);
    return { ok: true };
  }
  postMessage(slack, {
    ...content,
    channel: target.channel,
    author: slack.team.bot.userId,
    threadTs: response.thread_ts ?? null,
    ephemeralFor: response.response_type === "ephemeral" ? target.userId : null,
  });
  return { ok: true };
}

function refused(error: string, messages: readonly string[] = []): Responded {
  return { ok: false, error, messages };
}
