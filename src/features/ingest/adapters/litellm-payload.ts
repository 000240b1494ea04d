/**
 * The part of LiteLLM's StandardLoggingPayload that we read (docs.litellm.ai/docs/proxy/logging_spec)
 * and which Claude model a payload is about. Its prompt, answer, error and traceback are not named
 * here, so zod drops them.
 */
import { z } from "zod";
import { type Instant, instant } from "../../../domain/time.ts";
import { id, isoTime, reportedCost } from "../event-fields.ts";
import { isRecord } from "../field-limits.ts";
import { litellmTotals, litellmUsage } from "./litellm-usage.ts";

/** Some parts are a text or a list where LiteLLM redacts them or an SDK answers in its own form. */
const ifObject = <Shape extends z.ZodType>(shape: Shape): z.ZodPreprocess<z.ZodOptional<Shape>> =>
  z.preprocess((value) => (isRecord(value) ? value : undefined), shape.optional());

/** A name that cannot be kept is left out: what was used counts, whoever's it was. */
const name = id.catch(undefined);
const named = z.record(z.string(), z.unknown()).catch({});

const time = z.union([z.number(), z.string()]).transform((value, context): Instant => {
  const at = parseLitellmTime(value);
  if (at !== undefined) return at;
  context.addIssue("expected seconds since 1970 or a date and time");
  return z.NEVER;
});

export const litellmPayload = z.object({
  id: name,
  litellm_call_id: id,
  trace_id: name,
  startTime: time.nullish(),
  endTime: time.nullish(),
  ...litellmTotals,
  response_cost: reportedCost,
  api_base: name,
  request_tags: z.array(name).catch([]),
  metadata: ifObject(
    z.object({
      user_api_key_hash: name,
      user_api_key_alias: name,
      user_api_key_team_id: name,
      user_api_key_team_alias: name,
      user_api_key_project_alias: name,
      user_api_key_user_id: name,
      user_api_key_user_email: name,
      spend_logs_metadata: named,
      usage_object: ifObject(litellmUsage),
    }),
  ),
  response: ifObject(z.object({ id: name, usage: ifObject(litellmUsage) })),
  hidden_params: ifObject(z.object({ additional_headers: named })),
});
export type LitellmPayload = z.infer<typeof litellmPayload>;

const SECONDS = /^\d{1,12}(?:\.\d{1,9})?$/;
const DATE_AND_TIME =
  /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(\.\d{1,9})? ?(Z|[+-]\d{2}:\d{2})?$/;

/**
 * LiteLLM's times by its version and exporter: seconds since 1970, Python's "2025-01-24
 * 09:20:46.847371", or ISO 8601. Without a zone they are UTC.
 */
function parseLitellmTime(value: number | string): Instant | undefined {
  if (typeof value === "number" || SECONDS.test(value)) {
    const date = new Date(Math.round(Number(value) * 1000));
    return Number.isNaN(date.getTime()) ? undefined : instant(date);
  }
  const match = DATE_AND_TIME.exec(value);
  if (match === null) return undefined;
  const [, day = "", clock = "", fraction = "", zone = "Z"] = match;
  // zod knows which days and offsets exist; the fraction cannot make a time wrong.
  const iso = isoTime.safeParse(`${day}T${clock}${fraction.slice(0, 4)}${zone}`);
  return iso.success ? instant(iso.data) : undefined;
}

export interface ClaudeCall {
  readonly provider: string;
  readonly model: string;
}

const modelNames = z.object({
  custom_llm_provider: name,
  model: name,
  hidden_params: ifObject(z.object({ litellm_model_name: name })),
  model_map_information: ifObject(z.object({ model_map_key: name })),
});

/** Where Claude runs, as LiteLLM spells it; variants such as `bedrock_converse` begin alike. */
const CLAUDE_PROVIDERS = ["anthropic", "bedrock", "vertex_ai", "azure_ai"];

/**
 * LiteLLM serves the models of every vendor. An inference profile of Bedrock may hide which model
 * it is; then the key of LiteLLM's price map, which an operator's `base_model` sets, tells.
 */
export function claudeCallOf(
  raw: Readonly<Record<string, unknown>>,
): ClaudeCall | "of-another-vendor" | "unnamed" {
  const given = modelNames.parse(raw);
  const models = [
    given.hidden_params?.litellm_model_name,
    given.model,
    given.model_map_information?.model_map_key,
  ].filter((model) => typeof model === "string");
  const [first] = models;
  const route = given.custom_llm_provider ?? (first?.includes("/") === true ? first : "anthropic");
  const provider = CLAUDE_PROVIDERS.find((candidate) => route.startsWith(candidate));
  if (provider === undefined) return "of-another-vendor";
  if (first === undefined) return "unnamed";
  const model = models.find((candidate) => /claude/i.test(candidate));
  return model === undefined ? "of-another-vendor" : { provider, model };
}
