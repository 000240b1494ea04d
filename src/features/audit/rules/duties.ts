/**
 * Separation of duties: who asked, who approved, and where the two come too close. Pure. It accuses
 * nobody: it lists what an auditor asks for.
 */
import { addUsd, type Usd, ZERO_USD } from "../../../domain/money.ts";

/** By which authority somebody spoke. `other`: through a group, or a role that has changed since. */
export type Authority = "policy" | "owner" | "delegate" | "escalation" | "admin" | "other";

export interface Voice {
  readonly approver: string;
  /** The absent person in whose place it was. */
  readonly forPerson: string | undefined;
}

/** One granted request, with everybody who said yes to it. */
export interface GrantedRequest {
  readonly requestId: string;
  readonly scope: string;
  readonly requester: string;
  /** Whom it was for; the requester, unless somebody asked on behalf. */
  readonly beneficiary: string;
  readonly amount: Usd;
  readonly isAutomatic: boolean;
  readonly voices: readonly Voice[];
  /** The frozen policy, as stored. */
  readonly policy: unknown;
  /** Owners of the team of its scope, as they are now. */
  readonly owners: readonly string[];
}

export interface Pairing {
  readonly requester: string;
  readonly approver: string;
  readonly requests: number;
  readonly amount: Usd;
}

export interface DutiesReport {
  /** Who asked and who approved, the largest sums first. */
  readonly pairings: readonly Pairing[];
  /** Two people who approved each other's. */
  readonly mutual: readonly { readonly people: readonly [string, string]; readonly amount: Usd }[];
  /** Who both changes the rules and decides under them. */
  readonly rulersWhoApprove: readonly {
    readonly person: string;
    readonly changes: number;
    readonly approvals: number;
  }[];
  /** Approvals by another way than the policy's own people. */
  readonly unusual: readonly {
    readonly requestId: string;
    readonly scope: string;
    readonly requester: string;
    readonly approver: string;
    readonly authority: Authority;
    readonly forPerson: string | undefined;
    readonly amount: Usd;
  }[];
  readonly automatic: { readonly requests: number; readonly amount: Usd };
  /** Must be empty: nobody decides their own. */
  readonly own: readonly { readonly requestId: string; readonly person: string }[];
}

export function reportDuties(
  granted: readonly GrantedRequest[],
  known: {
    /** How often each person changed governance, budgets or policies. */
    readonly policyChanges: ReadonlyMap<string, number>;
    readonly admins: readonly string[];
  },
): DutiesReport {
  const pairings = pairUp(granted);
  const approvals = new Map<string, number>();
  for (const { approver, requests } of pairings) {
    approvals.set(approver, (approvals.get(approver) ?? 0) + requests);
  }
  const automatic = granted.filter(({ isAutomatic }) => isAutomatic);
  return {
    pairings,
    mutual: mutualPairs(pairings),
    rulersWhoApprove: [...known.policyChanges].flatMap(([person, changes]) => {
      const count = approvals.get(person) ?? 0;
      return count === 0 ? [] : [{ person, changes, approvals: count }];
    }),
    unusual: granted.flatMap((request) =>
      request.voices.flatMap((voice) => {
        const authority = authorityOf(voice, request, known.admins);
        const { requestId, scope, requester, amount } = request;
        return authority === "policy" || authority === "owner"
          ? []
          : [{ requestId, scope, requester, amount, authority, ...voice }];
      }),
    ),
    automatic: {
      requests: automatic.length,
      amount: automatic.reduce((sum, { amount }) => addUsd(sum, amount), ZERO_USD),
    },
    own: granted.flatMap(({ requestId, requester, beneficiary, voices }) =>
      voices.flatMap(({ approver, forPerson }) =>
        [requester, beneficiary].some((one) => one === approver || one === forPerson)
          ? [{ requestId, person: approver }]
          : [],
      ),
    ),
  };
}

/** By what somebody may have decided: the policy's own words first, the exception last. */
export function authorityOf(
  voice: Voice,
  request: Pick<GrantedRequest, "policy" | "owners">,
  admins: readonly string[],
): Authority {
  if (voice.forPerson !== undefined) return "delegate";
  const approvers = textsUnder(request.policy, "approvers");
  const isAdmin = admins.includes(voice.approver);
  if (approvers.includes(voice.approver)) return "policy";
  if (approvers.includes("admins") && isAdmin) return "policy";
  if (approvers.includes("team_owners") && request.owners.includes(voice.approver)) return "owner";
  if (textsUnder(request.policy, "escalate_to").includes(voice.approver)) return "escalation";
  // A group's members are known to Slack alone; that it is named is all that can be said.
  if (approvers.some((entry) => entry.startsWith("slack_group:"))) return "other";
  return isAdmin ? "admin" : "other";
}

/** Every text in a list of that name, at any depth: a policy may have steps. */
function textsUnder(value: unknown, name: string): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((one) => textsUnder(one, name));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]): readonly string[] =>
    key === name && Array.isArray(inner)
      ? inner.filter((one): one is string => typeof one === "string")
      : textsUnder(inner, name),
  );
}

function pairUp(granted: readonly GrantedRequest[]): readonly Pairing[] {
  const pairs = new Map<string, Pairing>();
  for (const { requester, amount, voices } of granted) {
    for (const { approver } of voices) {
      const key = `${requester} ${approver}`;
      const before = pairs.get(key) ?? { requester, approver, requests: 0, amount: ZERO_USD };
      pairs.set(key, {
        ...before,
        requests: before.requests + 1,
        amount: addUsd(before.amount, amount),
      });
    }
  }
  return [...pairs.values()].toSorted(
    (left, right) =>
      Number(right.amount > left.amount) - Number(right.amount < left.amount) ||
      (`${left.requester} ${left.approver}` < `${right.requester} ${right.approver}` ? -1 : 1),
  );
}

function mutualPairs(pairings: readonly Pairing[]): DutiesReport["mutual"] {
  return pairings.flatMap((pairing) => {
    const back = pairings.find(
      (other) => other.requester === pairing.approver && other.approver === pairing.requester,
    );
    return back === undefined || pairing.requester >= pairing.approver
      ? []
      : [
          {
            people: [pairing.requester, pairing.approver] as const,
            amount: addUsd(pairing.amount, back.amount),
          },
        ];
  });
}
