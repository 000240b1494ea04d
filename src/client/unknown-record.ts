/** Reading JSON that somebody else wrote, without believing its shape. */

export type UnknownRecord = Readonly<Record<string, unknown>>;

/** Ids and names are shorter; text of a prompt or answer in their place is not let through. */
const NAME_CHARS_MAX = 256;

export function isRecord(value: unknown): value is UnknownRecord {
  return typeof value === "object" && value !== null;
}

/** An id or a name; undefined for anything else. */
export function nameOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" && value.length <= NAME_CHARS_MAX
    ? value
    : undefined;
}
