/**
 * What all Web API methods share: how their arguments arrive, how they answer, how they refuse. The
 * methods themselves are `web-api-*.ts`; authentication and faults are `web-api.ts`.
 */
import { z } from "zod";
import { type Json, parseJson } from "./json.ts";
import type { Slack } from "./state.ts";

export interface Answer extends Json {
  readonly ok: boolean;
}

export interface Method {
  /** Needed for every call; what depends on the arguments is up to `run`. */
  readonly scopes: readonly string[];
  readonly token: "bot" | "app" | "none";
  readonly run: (slack: Slack, args: Json) => Answer;
}

export function done(fields: Json = {}): Answer {
  return { ...fields, ok: true };
}

export function refuse(error: string, fields: Json = {}): Answer {
  return { ...fields, ok: false, error };
}

/** `messages` go where Slack's clients look for them. */
export function refuseWith(error: string, messages: readonly string[]): Answer {
  return refuse(error, {
    errors: messages.map((message) => message.replace("[ERROR] ", "")),
    response_metadata: { messages },
  });
}

export function method<Args extends z.ZodType>(
  scopes: readonly string[],
  schema: Args,
  run: (slack: Slack, args: z.output<Args>) => Answer,
): Method {
  return {
    scopes,
    token: "bot",
    run: (slack, args) => {
      const parsed = schema.safeParse(args);
      if (parsed.success) return run(slack, parsed.data);
      const messages = parsed.error.issues.map(
        (issue) => `[ERROR] ${argumentProblem(issue)} [json-pointer:/${issue.path.join("/")}]`,
      );
      return refuseWith("invalid_arguments", messages);
    },
  };
}

function argumentProblem(issue: z.core.$ZodIssue): string {
  return issue.message.endsWith("received undefined")
    ? `missing required field: ${issue.path.join(".")}`
    : issue.message;
}

/** The refusal for a scope that was not granted; undefined when it was. */
export function missingScope(slack: Slack, needed: string): Answer | undefined {
  const { scopes } = slack.manifest;
  return scopes.includes(needed)
    ? undefined
    : refuse("missing_scope", { needed, provided: scopes.join(",") });
}

/** Booleans and numbers arrive as text from forms and as themselves from JSON. */
export const flag = z
  .union([z.boolean(), z.enum(["true", "false", "1", "0"])])
  .transform((value) => value === true || value === "true" || value === "1");

export const limit = z.coerce.number().int().min(1).max(1000);

/** Objects and lists arrive as JSON text from forms. */
export const jsonArgument = z
  .unknown()
  .transform((value) => (typeof value === "string" ? (parseJson(value) ?? value) : value));

export const cursor = z.base64().optional();

/** One page of `items`; the cursor is the index of the first item that was left out. */
export function page<Item>(
  items: readonly Item[],
  options: { readonly cursor?: string | undefined; readonly limit: number },
): { readonly items: readonly Item[]; readonly metadata: Json } {
  const start = Number(Buffer.from(options.cursor ?? "", "base64").toString("utf8"));
  const end = start + options.limit;
  const next = end < items.length ? Buffer.from(String(end)).toString("base64") : "";
  return { items: items.slice(start, end), metadata: { next_cursor: next } };
}
