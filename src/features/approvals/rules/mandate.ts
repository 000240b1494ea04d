/**
 * Who may speak, for whom, in which steps: the entries of a policy resolved against the people as
 * they are right now. Pure. Nobody speaks about their own request, whoever they are a delegate of.
 */
import type { Email } from "../../../domain/email.ts";
import { addMs, type Instant } from "../../../domain/time.ts";
import type { ApprovalPolicy, ApproverEntry } from "./policy.ts";

/** The people behind the entries of a policy, as they are right now. */
export interface Directory {
  /** Owners of the team of the scope; empty for scopes without one. */
  readonly teamOwners: readonly Email[];
  readonly admins: readonly Email[];
  /** Members by group handle; a group that Slack does not know is absent. */
  readonly groups: ReadonlyMap<string, readonly Email[]>;
  /** Who decides in whose place now. */
  readonly delegations: readonly Delegated[];
}

export interface Delegated {
  readonly from: Email;
  readonly to: Email;
}

/** What a request says about who may decide it. */
export interface Subject {
  readonly policy: ApprovalPolicy;
  readonly requester: Email;
  /** For whom; the requester themselves when they ask for their own. */
  readonly beneficiary: Email;
  readonly requestedAt: Instant;
  readonly expiresAt: Instant;
}

/** Approvers by step, in the order of the policy; and who may stand in for whom. */
export interface Authority {
  readonly steps: readonly (readonly Email[])[];
  readonly delegations: readonly Delegated[];
  readonly admins: readonly Email[];
}

/**
 * `team_owners` means the admins where a team has no owner but those who may not decide, so that
 * an owner's own request does not end with nobody.
 */
export function authorityOver(subject: Subject, directory: Directory, now: Instant): Authority {
  const others = (people: readonly Email[]): readonly Email[] => [
    ...new Set(people.filter((person) => !isExcluded(subject, person))),
  ];
  const escalated = now >= escalatesAt(subject) ? subject.policy.escalateTo : [];
  return {
    steps: subject.policy.steps.map(({ approvers }) =>
      others([...peopleOf(approvers, directory, others(directory.teamOwners)), ...escalated]),
    ),
    delegations: directory.delegations.filter(({ to }) => !isExcluded(subject, to)),
    admins: directory.admins,
  };
}

/** Who asked, and for whom: they never decide. */
export function isExcluded(
  { requester, beneficiary }: Pick<Subject, "requester" | "beneficiary">,
  person: Email,
): boolean {
  return person === requester || person === beneficiary;
}

/** The people that entries name, before anybody is left out. */
export function peopleOf(
  entries: readonly ApproverEntry[],
  directory: Directory,
  owners: readonly Email[] = directory.teamOwners,
): readonly Email[] {
  return entries.flatMap((entry): readonly Email[] => {
    if (entry.kind === "team_owners") return owners.length > 0 ? owners : directory.admins;
    if (entry.kind === "admins") return directory.admins;
    if (entry.kind === "person") return [entry.email];
    return directory.groups.get(entry.handle) ?? [];
  });
}

/** Under whose authority somebody speaks, and where it counts. */
export interface Mandate {
  /** The absent person; undefined: their own authority. */
  readonly for: Email | undefined;
  /** Ascending, from 0. */
  readonly steps: readonly number[];
}

/** What has been said so far, as far as mandates go. */
export interface Spoken {
  readonly approver: Email;
  readonly for: Email | undefined;
}

/** Where voices are wanted now, and what has been said. */
export interface Wanted {
  /** Steps, from 0. */
  readonly open: readonly number[];
  readonly spoken: readonly Spoken[];
}

/**
 * What gives `actor` a voice, best in a step that is open: their own authority, else that of
 * somebody who delegated to them and has not spoken. One voice counts in every step in which the
 * speaker has authority, so nobody is asked twice.
 */
export function mandateOf(
  actor: Email,
  authority: Authority,
  { open, spoken }: Wanted,
): Mandate | undefined {
  const isOpen = (steps: readonly number[]): boolean => steps.some((step) => open.includes(step));
  const own = stepsOf(actor, authority);
  if (isOpen(own)) return { for: undefined, steps: own };
  const used = new Set(spoken.map((voice) => voice.for ?? voice.approver));
  const delegated = authority.delegations
    .filter(({ from, to }) => to === actor && !used.has(from))
    .map(({ from }) => ({ for: from, steps: stepsOf(from, authority) }))
    .filter(({ steps }) => steps.length > 0);
  const best = delegated.find(({ steps }) => isOpen(steps));
  if (best !== undefined) {
    const steps = [...new Set([...own, ...best.steps])].toSorted((left, right) => left - right);
    return { for: best.for, steps };
  }
  return own.length > 0 ? { for: undefined, steps: own } : delegated[0];
}

/** Everybody whose voice an open step could take now: approvers and their delegates. */
export function peopleToAsk(authority: Authority, wanted: Wanted): readonly Email[] {
  const { open, spoken } = wanted;
  const approvers = open.flatMap((step) => authority.steps[step] ?? []);
  const candidates = [
    ...approvers,
    ...authority.delegations.filter(({ from }) => approvers.includes(from)).map(({ to }) => to),
  ];
  const heard = new Set(spoken.flatMap((voice) => [voice.approver, voice.for ?? voice.approver]));
  return [...new Set(candidates)].filter((person) => !heard.has(person));
}

/**
 * Whose voice an open request waits for, where that is not for whom it waits already. Those to whom
 * it escalates are asked by the escalation, which is on record as that.
 */
export function peopleToAskAnew(
  request: {
    readonly policy: Pick<ApprovalPolicy, "escalateTo">;
    readonly asked: readonly Email[];
    readonly waitingFor: readonly Email[];
  },
  authority: Authority,
  wanted: Wanted,
): readonly Email[] | undefined {
  const { policy, asked, waitingFor } = request;
  const people = peopleToAsk(authority, wanted).filter(
    (person) => asked.includes(person) || !policy.escalateTo.includes(person),
  );
  const isSame =
    people.length === waitingFor.length && people.every((person) => waitingFor.includes(person));
  return isSame ? undefined : people;
}

function stepsOf(person: Email, { steps }: Authority): readonly number[] {
  return steps.flatMap((people, index) => (people.includes(person) ? [index] : []));
}

type Lifetime = Pick<Subject, "requestedAt" | "expiresAt"> & {
  readonly policy: Pick<ApprovalPolicy, "escalateAfterMs" | "remindAfterMs">;
};

/** When those are asked to whom the policy escalates: at its time, else half of the way. */
export function escalatesAt({ policy, ...lifetime }: Lifetime): Instant {
  return policy.escalateAfterMs === undefined
    ? halfTime(lifetime)
    : addMs(lifetime.requestedAt, policy.escalateAfterMs);
}

/** The next reminder after `now` and before the expiry; those that were missed are not made up for. */
export function nextReminderAfter(
  { policy, ...lifetime }: Lifetime,
  now: Instant,
): Instant | undefined {
  const times =
    policy.remindAfterMs === undefined
      ? [halfTime(lifetime)]
      : policy.remindAfterMs.map((ms) => addMs(lifetime.requestedAt, ms));
  return times.find((at) => at > now && at < lifetime.expiresAt);
}

function halfTime({ requestedAt, expiresAt }: Omit<Lifetime, "policy">): Instant {
  return addMs(requestedAt, Math.floor((expiresAt.getTime() - requestedAt.getTime()) / 2));
}
