/**
 * What Claude may choose and say: one query of a closed set, and a sentence with gaps. Numbers and
 * names are put into the gaps by our code, so a sentence with digits of its own is not used. Pure.
 */
export const QUERIES = ["spend", "top", "change", "none"] as const;
export type Query = (typeof QUERIES)[number];

export const TOP_KINDS = ["team", "user", "project", "model", "api_key"] as const;
export type TopKind = (typeof TOP_KINDS)[number];

/** The gaps of each query's sentence. */
export const GAPS: Readonly<Record<Query, readonly string[]>> = {
  spend: ["scope", "period", "total", "before", "change"],
  top: ["scope", "period", "total", "first", "first_cost"],
  change: ["scope", "period", "total", "before", "change"],
  none: [],
};

export const DEFAULT_SENTENCE: Readonly<Record<Query, string>> = {
  spend: "{scope} spent {total} ({period}).",
  top: "Of {total} that {scope} spent ({period}), most is {first}: {first_cost}.",
  change: "{scope} spent {total} ({period}): {change}.",
  none: "",
};

const SENTENCE_CHARS_MAX = 300;
/** Which way it went is for our code to say: Claude has not seen the numbers. */
const SAYS_DIRECTION =
  /\b(?:rose|rise|risen|fell|fallen|increas\w*|decreas\w*|more|less|fewer|higher|lower|up|down|grew|grown|dropp?\w*|doubl\w*|half|saved?|spik\w*|one|two|three|four|five|six|seven|eight|nine|ten|hundred|thousand|million|percent)\b/i;

/** The sentence to use: Claude's where it keeps the rules, ours otherwise. */
export function usableSentence(query: Query, sentence: string): string {
  const trimmed = sentence.trim();
  const gaps = [...trimmed.matchAll(/\{([^{}]*)\}/g)].map(([, name = ""]) => name);
  const rest = trimmed.replaceAll(/\{[^{}]*\}/g, "");
  const isUsable =
    trimmed.length <= SENTENCE_CHARS_MAX &&
    gaps.includes("total") &&
    gaps.every((name) => GAPS[query].includes(name)) &&
    !/[{}\p{N}\p{Sc}%]/u.test(rest) &&
    !SAYS_DIRECTION.test(rest);
  return isUsable ? trimmed : DEFAULT_SENTENCE[query];
}

/** Every gap filled; what has no value shows as a dash. */
export function fillSentence(sentence: string, values: Readonly<Record<string, string>>): string {
  return sentence.replaceAll(/\{([^{}]*)\}/g, (_, name: string) => values[name] ?? "–");
}
