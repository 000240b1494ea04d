/** A governance document as plain values, of which nothing is known but that they are JSON. Pure. */

/** In the words of governance.yml. */
export type Values = Readonly<Record<string, unknown>>;

/** Plain values of a document that say the same, in whatever order their keys stand. */
export function isSame(left: unknown, right: unknown): boolean {
  return canonical(left) === canonical(right);
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isMapping(value)) return value === undefined ? "undefined" : JSON.stringify(value);
  const pairs = Object.entries(value).filter(([, part]) => part !== undefined);
  return `{${pairs
    .map(([name, part]) => `${JSON.stringify(name)}:${canonical(part)}`)
    .toSorted()
    .join(",")}}`;
}

export function mapping(value: unknown): Values {
  return isMapping(value) ? value : {};
}

export function entries(value: unknown): readonly Values[] {
  return Array.isArray(value) ? value.filter(isMapping) : [];
}

export function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

/**
 * The names in a list of people or projects, each once: texts, and what stands with dates in a
 * mapping of its own.
 */
export function names(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  const found = value.map(nameIn).filter((name) => name !== undefined);
  return [...new Set(found)];
}

/** The name of one entry of such a list. */
export function nameIn(entry: unknown): string | undefined {
  const name = isMapping(entry) ? (entry["email"] ?? entry["project"]) : entry;
  return typeof name === "string" ? name : undefined;
}

/** Undefined takes a key out; what is not named stays, in its place. */
export function withChanges(values: Values, changes: Values): Values {
  return Object.fromEntries(
    Object.entries({ ...values, ...changes }).filter(([, value]) => value !== undefined),
  );
}

/** The list with one entry changed; -1: with one more. */
export function replaced(list: readonly Values[], index: number, value: Values): readonly Values[] {
  return index === -1 ? [...list, value] : list.map((one, at) => (at === index ? value : one));
}

/** A document does not say that a list is empty. */
export function filled<Item>(list: readonly Item[]): readonly Item[] | undefined {
  return list.length === 0 ? undefined : list;
}

function isMapping(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
