/** The `views.*` methods and `blocks.validate`. */
import { z } from "zod";
import {
  isViewTooLarge,
  problemText,
  type Validated,
  type View,
  validateBlocks,
  validateView,
} from "./block-kit.ts";
import { findPerson } from "./conversations.ts";
import { isJsonObject } from "./json.ts";
import { viewJson } from "./payloads.ts";
import { newBlockId, type Slack, type StoredView } from "./state.ts";
import { redeemTrigger } from "./tickets.ts";
import { openView, publishHome, pushView, updateView } from "./views.ts";
import { type Answer, done, jsonArgument, method, refuse, refuseWith } from "./web-api-method.ts";

const triggered = z.object({ trigger_id: z.string(), view: jsonArgument });

export const viewMethods = {
  "views.open": method([], triggered, (slack, args) => {
    const checked = checkView(slack, args.view, { type: "modal" });
    if (!checked.ok) return checked.answer;
    const trigger = redeemTrigger(slack, args.trigger_id);
    if (!trigger.ok) return refuse(trigger.error);
    return answerWith(slack, openView(slack, trigger.userId, checked.view));
  }),

  "views.push": method([], triggered, (slack, args) => {
    const checked = checkView(slack, args.view, { type: "modal" });
    if (!checked.ok) return checked.answer;
    const trigger = redeemTrigger(slack, args.trigger_id);
    if (!trigger.ok) return refuse(trigger.error);
    if (trigger.viewId === null) return refuse("not_found");
    const pushed = pushView(slack, trigger.userId, checked.view);
    return pushed === undefined ? refuse("push_limit_reached") : answerWith(slack, pushed);
  }),

  "views.update": method(
    [],
    z.object({
      view_id: z.string().optional(),
      external_id: z.string().optional(),
      hash: z.string().optional(),
      view: jsonArgument,
    }),
    (slack, args) => {
      const current = [...slack.state.views.values()].find((view) =>
        args.view_id === undefined
          ? args.external_id !== undefined && view.external_id === args.external_id
          : view.id === args.view_id,
      );
      if (current === undefined) return refuse("not_found");
      const checked = checkView(slack, args.view, { type: current.type, replaces: current.id });
      if (!checked.ok) return checked.answer;
      if (args.hash !== undefined && args.hash !== current.hash) return refuse("hash_conflict");
      return answerWith(slack, updateView(slack, current, checked.view));
    },
  ),

  "views.publish": method(
    [],
    z.object({ user_id: z.string(), hash: z.string().optional(), view: jsonArgument }),
    (slack, args) => {
      if (!slack.manifest.hasHomeTab) return refuse("not_enabled");
      if (findPerson(slack, args.user_id) === undefined) return refuse("user_not_found");
      const current = slack.state.homes.get(args.user_id);
      const replaces = current?.id;
      const checked = checkView(slack, args.view, {
        type: "home",
        ...(replaces === undefined ? {} : { replaces }),
      });
      if (!checked.ok) return checked.answer;
      if (args.hash !== undefined && args.hash !== current?.hash) return refuse("hash_conflict");
      return answerWith(slack, publishHome(slack, args.user_id, checked.view));
    },
  ),

  "blocks.validate": method(
    [],
    z.object({
      blocks: jsonArgument.optional(),
      message: jsonArgument.optional(),
      view: jsonArgument.optional(),
    }),
    (_slack, args) => {
      const given = [args.blocks, args.message, args.view].filter((value) => value !== undefined);
      if (given.length !== 1) {
        const problem = "[ERROR] exactly one of blocks, message and view is needed";
        return refuseWith("invalid_arguments", [problem]);
      }
      if (args.view !== undefined)
        return verdict("invalid_view", validateView(args.view, newBlockId));
      const blocks = isJsonObject(args.message) ? (args.message["blocks"] ?? []) : args.blocks;
      const error = args.message === undefined ? "invalid_blocks" : "invalid_message";
      return verdict(error, validateBlocks("message", blocks, newBlockId));
    },
  ),
} as const;

function verdict(error: string, result: Validated<unknown>): Answer {
  if (result.ok) return done();
  const errors = result.problems.map(({ pointer, message }) => ({
    pointer,
    code: error,
    message,
  }));
  return refuse(error, { errors });
}

function checkView(
  slack: Slack,
  view: unknown,
  expected: { readonly type: View["type"]; readonly replaces?: string },
): { readonly ok: true; readonly view: View } | { readonly ok: false; readonly answer: Answer } {
  if (isViewTooLarge(view)) return { ok: false, answer: refuse("view_too_large") };
  const result = validateView(view, newBlockId);
  if (!result.ok) {
    const answer = refuseWith("invalid_arguments", result.problems.map(problemText));
    return { ok: false, answer };
  }
  if (result.value.type !== expected.type) {
    const problem = `[ERROR] must be a ${expected.type} view [json-pointer:/view/type]`;
    return { ok: false, answer: refuseWith("invalid_arguments", [problem]) };
  }
  const { external_id: externalId } = result.value;
  const isTaken = [...slack.state.views.values()].some(
    (other) => other.external_id === externalId && other.id !== expected.replaces,
  );
  return externalId !== "" && isTaken
    ? { ok: false, answer: refuse("duplicate_external_id") }
    : { ok: true, view: result.value };
}

function answerWith(slack: Slack, view: StoredView): Answer {
  return done({ view: viewJson(slack, view) });
}
