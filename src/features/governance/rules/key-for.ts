/** The key of what a form adds: people name things, and documents refer to them by keys. Pure. */

/** A key of letters, digits and dashes for a name, which none of `taken` has. */
export function keyFor(name: string, taken: readonly string[]): string {
  const folded = name
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, KEY_CHARS_MAX)
    .replace(/-+$/, "");
  const base = folded === "" ? "team" : folded;
  const isTaken = (key: string): boolean => taken.some((one) => one.toLowerCase() === key);
  if (!isTaken(base)) return base;
  for (let count = 2; ; count += 1) {
    const key = `${base}-${String(count)}`;
    if (!isTaken(key)) return key;
  }
}

/** "search-monthly", "per-user-weekly": a budget that nobody gave a name is called by what it is. */
export function budgetKeyFor(
  { scope, period }: { readonly scope: string; readonly period: string },
  taken: readonly string[],
): string {
  const word = scope.replace(/^each:/, "per-").replace(/^[a-z_]+:/, "");
  return keyFor(`${word}-${period}`, taken);
}

/** Well below what a key may have, so that a number fits behind it. */
const KEY_CHARS_MAX = 60;
