/**
 * Whether the approval policies of a document make sense together: amounts climb, every request
 * finds one, each quorum can be reached by somebody. Pure.
 */
import type { FieldPath, GovernedPolicy } from "../rules.ts";
import { ADMINS, SLACK_GROUP_PREFIX, TEAM_OWNERS } from "../rules.ts";
import type { Finding, GovernanceDraft, Located } from "./draft.ts";

type Draft = Pick<
  GovernanceDraft,
  "approvals" | "tierCount" | "teams" | "teamKeys" | "projectKeys"
>;
type Policy = Located<GovernedPolicy>;

export function checkPolicies(draft: Draft): Finding[] {
  const { approvals, teams, teamKeys } = draft;
  // An unreadable team may have any number of owners.
  const owners =
    teams.length === teamKeys.size ? teams.map(({ value: team }) => team.owners) : undefined;
  return approvals.flatMap((policy, index) => [
    ...checkLadder(policy, approvals.slice(0, index), draft.tierCount),
    ...checkQuorums(policy, owners),
    ...checkTimes(policy),
    ...checkMatch(policy, draft),
  ]);
}

/** Of policies with the same conditions the amounts climb; the last of all covers everything. */
function checkLadder(
  { path, value: { upTo, match } }: Policy,
  before: readonly Policy[],
  count: number,
): Finding[] {
  const isLast = path.at(-1) === count - 1;
  const isPlain = Object.keys(match).length === 0;
  const findings: Finding[] = [];
  const found = (field: FieldPath, message: string): void => {
    findings.push({ path: [...path, ...field], message });
  };
  if (isLast && upTo !== undefined) {
    found(["up_to"], "expected no up_to in the last tier, so that every amount has approvers");
  }
  if (isLast && !isPlain) {
    found(["match"], "expected no match in the last tier, so that every request has approvers");
  }
  if (!isLast && upTo === undefined && isPlain) {
    found(
      [],
      "expected up_to in every tier but the last; the tiers after this one are never reached",
    );
  }
  const alike = before.findLast((other) => sameMatch(other.value, match))?.value;
  if (alike === undefined) return findings;
  if (alike.upTo === undefined && !isPlain) {
    found(
      [],
      "expected before it up_to in the tier with the same match; this one is never reached",
    );
  } else if (upTo !== undefined && alike.upTo !== undefined && upTo <= alike.upTo) {
    found(["up_to"], "expected more than in the tier before");
  }
  return findings;
}

function sameMatch({ match }: GovernedPolicy, other: GovernedPolicy["match"]): boolean {
  return JSON.stringify(match) === JSON.stringify(other);
}

function checkQuorums(
  { path, value: { steps } }: Policy,
  owners: readonly (readonly string[])[] | undefined,
): Finding[] {
  const findings = steps.flatMap(({ approvers, quorum }, index): Finding[] => {
    const count = approverCount(approvers, owners);
    if (count === undefined || quorum <= count) return [];
    const field = steps.length > 1 ? ["steps", index, "quorum"] : ["quorum"];
    const message = `expected at most ${String(count)}, as many as can approve; got ${String(quorum)}`;
    return [{ path: [...path, ...field], message }];
  });
  const everybody = approverCount(
    steps.flatMap(({ approvers }) => approvers),
    owners,
  );
  if (steps.length > 1 && everybody !== undefined && everybody < 2) {
    const message = "expected at least two people over all steps; one alone is no chain";
    findings.push({ path: [...path, "steps"], message });
  }
  return findings;
}

/** At most how many different people can approve; undefined when a document cannot tell. */
function approverCount(
  approvers: readonly string[],
  ownersByTeam: readonly (readonly string[])[] | undefined,
): number | undefined {
  if (approvers.some((one) => one.startsWith(SLACK_GROUP_PREFIX) || one === ADMINS)) {
    return undefined;
  }
  const people = approvers.filter((approver) => approver !== TEAM_OWNERS);
  if (people.length === approvers.length) return new Set(people).size;
  if (ownersByTeam === undefined || ownersByTeam.length === 0) return undefined;
  return Math.max(...ownersByTeam.map((owners) => new Set([...owners, ...people]).size));
}

function checkTimes({ path, value }: Policy): Finding[] {
  const { expiresInMs, remindAfterMs = [], escalateAfterMs, autoApprove } = value;
  const findings: Finding[] = [];
  const found = (field: string, message: string): void => {
    findings.push({ path: [...path, field], message });
  };
  const isAscending = remindAfterMs.every((ms, index) => ms > (remindAfterMs[index - 1] ?? 0));
  if (!isAscending) found("remind_after", "expected strictly ascending times");
  if (remindAfterMs.some((ms) => ms >= expiresInMs)) {
    found("remind_after", "expected less than expires_in");
  }
  if (escalateAfterMs !== undefined && escalateAfterMs >= expiresInMs) {
    found("escalate_after", "expected less than expires_in");
  }
  if (escalateAfterMs !== undefined && value.escalateTo.length === 0) {
    found("escalate_after", "expected escalate_to beside it: whom to ask then");
  }
  if (autoApprove !== undefined && autoApprove.upTo > autoApprove.perPeriod) {
    found("auto_approve", "expected up_to of at most per_period");
  }
  return findings;
}

/** Teams and projects that conditions name stand under teams. */
function checkMatch({ path, value: { match } }: Policy, draft: Draft): Finding[] {
  const named = [
    ...(match.scopes ?? []).map((name) => ({ name, field: "scope" })),
    ...(match.requesters ?? []).map((name) => ({ name, field: "requester" })),
  ];
  return named.flatMap(({ name, field }): Finding[] => {
    const [kind, key = ""] = name.split(/:(.*)/s, 2);
    if ((kind !== "team" && kind !== "project") || key === "*") return [];
    const known = kind === "team" ? draft.teamKeys : draft.projectKeys;
    if (known.has(key)) return [];
    const message = `expected a ${kind} that stands under teams; there is no ${name}`;
    return [{ path: [...path, "match", field], message, unknown: { name: key, known } }];
  });
}
