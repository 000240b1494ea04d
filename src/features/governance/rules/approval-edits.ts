/** Edits of the approval policies in a governance document, as values of the document. Pure. */
import { formatUsd, parseUsd, type Usd } from "../../../domain/money.ts";
import { ADMINS } from "../rules.ts";
import { done, type EditResult } from "./edit-result.ts";
import { entries, filled, isSame, type Values, withChanges } from "./values.ts";

export type ApprovalEdit =
  | {
      readonly kind: "put-approval";
      /** Which one it changes: its place in the document; undefined: a new one. */
      readonly index: number | undefined;
      /** Undefined: any amount. */
      readonly upTo: string | undefined;
      readonly approvers: readonly string[];
      readonly quorum: number;
      /** "24h"; undefined: as long as usual. */
      readonly expiresIn: string | undefined;
    }
  | { readonly kind: "remove-approval"; readonly index: number };

export function editApprovals(values: Values, edit: ApprovalEdit): EditResult {
  const policies = entries(values["approvals"]);
  if ((edit.index ?? -1) >= policies.length) {
    return { kind: "refused", reason: "gone", what: "that approval rule" };
  }
  const others = policies.filter((_policy, index) => index !== edit.index);
  if (edit.kind === "remove-approval") {
    const kept = others.length === 0 ? others : withRest(others);
    return done(withChanges(values, { approvals: filled(kept) }));
  }
  const { index, upTo, approvers, quorum, expiresIn } = edit;
  const before = index === undefined ? {} : (policies[index] ?? {});
  const asked = { up_to: upTo, approvers, quorum, expires_in: expiresIn };
  const policy = withChanges(before, asked);
  // The same rule twice would never be reached; it is there, so nothing is to be done.
  if (index === undefined && policies.some((one) => isSame(one, policy))) return done(values);
  const beside = policy["up_to"] === undefined ? others.filter((one) => !isRest(one)) : others;
  if (isPlain(policy) && beside.some((one) => isPlain(one) && isOfSameAmount(one, policy))) {
    return { kind: "refused", reason: "taken", what: ruleText(policy) };
  }
  const placed = beside.toSpliced(placeOf(policy, { others: beside, index }), 0, policy);
  return done({ ...values, approvals: withRest(placed) });
}

/** Of two rules of one amount the second is never reached. */
function isOfSameAmount(one: Values, other: Values): boolean {
  return amountOf(one) === amountOf(other);
}

function ruleText(policy: Values): string {
  const amount = amountOf(policy);
  return amount === undefined ? "a rule for any amount" : `a rule up to ${formatUsd(amount)}`;
}

/** Amounts climb. A rule with conditions stays where it is: only who wrote them knows their order. */
function placeOf(
  policy: Values,
  { others, index }: { readonly others: readonly Values[]; readonly index: number | undefined },
): number {
  if (!isPlain(policy)) return index ?? 0;
  const amount = amountOf(policy);
  if (amount === undefined) return others.length;
  const place = others.findIndex((other) => {
    const larger = amountOf(other);
    return isPlain(other) && (larger === undefined || larger >= amount);
  });
  return place === -1 ? others.length : place;
}

/** What stands last where nobody decided it. */
const REST: Values = { approvers: [ADMINS] };

/** Every request has approvers: what no rule covers is for the admins. */
function withRest(policies: readonly Values[]): readonly Values[] {
  const hasRest = policies.some((one) => isPlain(one) && one["up_to"] === undefined);
  return hasRest ? policies : [...policies, REST];
}

function isRest(policy: Values): boolean {
  return isSame(policy, REST);
}

function isPlain(policy: Values): boolean {
  return policy["match"] === undefined;
}

function amountOf(policy: Values): Usd | undefined {
  const amount = policy["up_to"];
  return typeof amount === "string" ? parseUsd(amount) : undefined;
}
