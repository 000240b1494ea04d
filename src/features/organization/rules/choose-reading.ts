/**
 * Which of several ways to read somebody's words is meant: the first that names something they may
 * see; else the refusal that helps them most. Pure.
 */
import { assert } from "../../../domain/assert.ts";
import type { Scope } from "../../../domain/scope.ts";
import { type Asking, findScope, type ScopeFinding } from "./find-scope.ts";

export interface Chosen<Reading> {
  readonly finding: ScopeFinding;
  readonly reading: Reading;
}

/**
 * `readings` begin with the whole text as a name, which counts only for what has listed names: a
 * team may be called "March". A reading without a name is about `otherwise`.
 */
export function chooseReading<Reading extends { readonly scopeText: string }>(
  readings: readonly Reading[],
  asking: Asking,
  otherwise: string,
): Chosen<Reading> {
  const named = firstNamed(readings, { ...asking, suggests: false }, otherwise);
  if (named !== undefined) return named;
  const refused = readings.flatMap((reading, index) => {
    if (isWhole(index, readings)) return [];
    const { scopeText } = reading;
    const finding = findScope(scopeText === "" ? otherwise : scopeText, asking);
    return finding.kind === "found" ? [] : [{ finding, reading }];
  });
  const helping =
    refused.find(({ finding }) => finding.kind === "not-allowed") ??
    refused.find(({ finding }) => finding.kind === "unknown-scope" && finding.nearest.length > 0) ??
    refused[0];
  assert(helping !== undefined, "a text has at least one reading");
  return helping;
}

function firstNamed<Reading extends { readonly scopeText: string }>(
  readings: readonly Reading[],
  asking: Asking,
  otherwise: string,
): Chosen<Reading> | undefined {
  for (const [index, reading] of readings.entries()) {
    const { scopeText } = reading;
    if (scopeText === "" && isWhole(index, readings)) continue;
    const finding = findScope(scopeText === "" ? otherwise : scopeText, asking);
    if (finding.kind !== "found") continue;
    if (!isWhole(index, readings) || isListed(finding.scope)) return { finding, reading };
  }
  return undefined;
}

/** The whole text comes first, so that a team may be called "March" or "7d". */
function isWhole(index: number, readings: readonly unknown[]): boolean {
  return index === 0 && readings.length > 1;
}

/** Of other kinds any text is a key: "api_key:k1 7d" would be one, too. */
function isListed({ kind }: Scope): boolean {
  return kind === "team" || kind === "project" || kind === "model" || kind === "org";
}
