/**
 * Reading Slack's block JSON, which arrives as `unknown` fields: what is missing or of another type
 * reads as empty, since the fake Slack has already refused what Slack refuses.
 */
export type Json = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function record(value: unknown): Json | undefined {
  return isRecord(value) ? value : undefined;
}

export function records(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

export function string(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function strings(value: unknown): readonly string[] {
  return Array.isArray(value)
    ? value.filter((item): item is string => typeof item === "string")
    : [];
}

export function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** Where an image comes from: an address, or a file that the bot uploaded. */
export function imageSource(image: Json): string {
  const file = record(image["slack_file"]);
  if (file === undefined) return string(image["image_url"]);
  const id = string(file["id"]);
  return id === "" ? string(file["url"]) : `/sandbox/slack/files/${id}`;
}

/** The words of a text object, without formatting. */
export function words(value: unknown): string {
  return string(record(value)?.["text"]);
}
