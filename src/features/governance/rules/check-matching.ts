/** Allocation rules that can never match: an earlier one takes it all, or nothing fits them. Pure. */
import { parseEmail } from "../../../domain/email.ts";
import { matchesGlob } from "../../../domain/glob.ts";
import { formatFieldPath, type GovernedAllocationRule } from "../rules.ts";
import type { Finding, Located } from "./draft.ts";

/** Patterns of earlier rules that a rule is compared with: documents are people's work. */
const PATTERNS_MAX = 200;

export function checkMatching(
  allocation: readonly Located<GovernedAllocationRule>[],
): readonly Finding[] {
  const earlier = createEarlierRules();
  return allocation.flatMap((located): readonly Finding[] => {
    const { path, value: rule } = located;
    if (rule.from !== undefined && rule.until !== undefined && rule.until <= rule.from) {
      return [{ path: [...path, "until"], message: "expected a date after from" }];
    }
    const { userEmail } = rule.match;
    if (userEmail !== undefined && !isAddressPattern(userEmail)) {
      return [
        {
          path: [...path, "match", "user_email"],
          message: `expected an address or a pattern that addresses fit, such as "*@acme.test"; no address is ${JSON.stringify(userEmail)}`,
        },
      ];
    }
    const shadow = earlier.find(rule);
    earlier.add(located);
    if (shadow === undefined) return [];
    return [
      {
        path: [...path, "match"],
        message: `expected a rule that can match; ${formatFieldPath(shadow.path)}, for ${ownerText(shadow.value)}, comes first and takes everything that this one would`,
      },
    ];
  });
}

type LocatedRule = Located<GovernedAllocationRule>;

/** The rules so far, by an exact condition where they have one: whoever takes all of a rule shares it. */
function createEarlierRules(): {
  readonly add: (rule: LocatedRule) => void;
  readonly find: (rule: GovernedAllocationRule) => LocatedRule | undefined;
} {
  const byCondition = new Map<string, LocatedRule[]>();
  const patterns: LocatedRule[] = [];
  return {
    add: (rule) => {
      const [condition] = exactConditions(rule.value);
      if (condition === undefined) {
        if (patterns.length < PATTERNS_MAX) patterns.push(rule);
        return;
      }
      const same = byCondition.get(condition);
      if (same === undefined) byCondition.set(condition, [rule]);
      else if (same.length < PATTERNS_MAX) same.push(rule);
    },
    find: (rule) =>
      [...exactConditions(rule).flatMap((one) => byCondition.get(one) ?? []), ...patterns].find(
        ({ value }) => takesAllOf(value, rule),
      ),
  };
}

function exactConditions({ match }: GovernedAllocationRule): readonly string[] {
  const { apiKeyId, workspaceId, userEmail, source, tags = {} } = match;
  return [
    ...(apiKeyId === undefined ? [] : [`key ${apiKeyId}`]),
    ...(userEmail === undefined || userEmail.includes("*")
      ? []
      : [`user ${userEmail.toLowerCase()}`]),
    ...Object.entries(tags).map(([name, value]) => `tag ${JSON.stringify([name, value])}`),
    ...(workspaceId === undefined ? [] : [`workspace ${workspaceId}`]),
    ...(source === undefined ? [] : [`source ${source}`]),
  ];
}

/** Without a star it must be an address; with one, the rest must be able to stand in an address. */
function isAddressPattern(pattern: string): boolean {
  const sample = pattern.replaceAll("*", "x");
  return (
    parseEmail(sample) !== undefined || parseEmail(pattern.replaceAll("*", "x@x")) !== undefined
  );
}

/** Whether whatever `later` matches, at any time, `earlier` matches too. */
function takesAllOf(earlier: GovernedAllocationRule, later: GovernedAllocationRule): boolean {
  const [wide, narrow] = [earlier.match, later.match];
  return (
    isWithin(later, earlier) &&
    (wide.apiKeyId === undefined || wide.apiKeyId === narrow.apiKeyId) &&
    (wide.workspaceId === undefined || wide.workspaceId === narrow.workspaceId) &&
    (wide.source === undefined || wide.source === narrow.source) &&
    coversGlob(wide.model, narrow.model) &&
    coversGlob(wide.userEmail?.toLowerCase(), narrow.userEmail?.toLowerCase()) &&
    Object.entries(wide.tags ?? {}).every(
      ([name, value]) => Object.hasOwn(narrow.tags ?? {}, name) && narrow.tags?.[name] === value,
    )
  );
}

/**
 * A star of the narrower pattern is a character like others here: only a star of the wider one fits
 * it, so that whatever it stands for fits as well.
 */
function coversGlob(wide: string | undefined, narrow: string | undefined): boolean {
  if (wide === undefined) return true;
  return narrow !== undefined && matchesGlob({ glob: wide, text: narrow });
}

function isWithin(inner: GovernedAllocationRule, outer: GovernedAllocationRule): boolean {
  const startsLater =
    outer.from === undefined || (inner.from !== undefined && outer.from <= inner.from);
  const endsEarlier =
    outer.until === undefined || (inner.until !== undefined && inner.until <= outer.until);
  return startsLater && endsEarlier;
}

function ownerText({ to }: GovernedAllocationRule): string {
  const names = [
    ...(to.team === undefined ? [] : [`team ${to.team}`]),
    ...(to.project === undefined ? [] : [`project ${to.project}`]),
  ];
  return names.join(", ");
}
