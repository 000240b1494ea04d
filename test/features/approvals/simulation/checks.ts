/**
 * What must hold whatever happened, judged from the rows alone and from who had which role when.
 * Written apart from the rules of the feature: it shares no decision with them.
 */
import { type Email, emailFrom } from "../../../../src/domain/email.ts";
import { sumUsd, type Usd, usdFromDecimal, usdToDecimal } from "../../../../src/domain/money.ts";
import type { Database } from "../../../../src/store/database.ts";
import { ROOT } from "./deeds.ts";
import {
  AUTO_PER_PERIOD,
  AUTO_UP_TO,
  ESCALATE_AFTER_MS,
  type History,
  type Roles,
} from "./world.ts";

export interface Row {
  readonly id: string;
  readonly scope: string;
  readonly requester: Email;
  readonly beneficiary: Email;
  readonly status: string;
  readonly asked: readonly string[];
  readonly requested: string;
  readonly approved: string | null;
  readonly requested_at: Date;
  readonly expires_at: Date;
  readonly ends_at: Date;
  readonly approved_ends_at: Date | null;
  readonly decided_by: string | null;
  readonly decided_at: Date | null;
  readonly is_automatic: boolean;
  readonly revoked_by: string | null;
  readonly revoked_at: Date | null;
  readonly idempotency_key: string;
  readonly votes: readonly VoteRow[] | null;
  readonly grants: readonly GrantRow[] | null;
  readonly actions: readonly string[] | null;
  readonly messages: readonly string[] | null;
}
interface VoteRow {
  readonly approver: Email;
  readonly for: Email | null;
  readonly amount: string;
  readonly steps: readonly number[];
  readonly at: string;
  readonly ends_at: string | null;
}
interface GrantRow {
  readonly id: string;
  readonly amount: string;
  readonly from: string;
  readonly until: string;
  readonly ends: string;
  readonly actions: readonly string[] | null;
  readonly endings: number;
}

export async function loadRows(
  database: Database,
  { withMessages }: { readonly withMessages: boolean },
): Promise<readonly Row[]> {
  const { rows } = await database.query<Row>(
    `with said as (
       select substring(o.dedupe_key from '[0-9a-f]{8}-[0-9a-f-]{27}') as id,
              json_agg(regexp_replace(o.dedupe_key, '[0-9a-f]{8}-[0-9a-f-]{27}', '')) as keys
         from outbox_messages o
        where $1
        group by 1
     )
     select r.approval_request_id as id, r.scope, r.requester_email as requester,
            coalesce(r.beneficiary_email, r.requester_email) as beneficiary, r.status, r.asked,
            r.requested_amount_usd::text as requested, r.approved_amount_usd::text as approved,
            r.requested_at, r.expires_at, r.ends_at, r.approved_ends_at, r.decided_by, r.decided_at,
            r.is_automatic, r.revoked_by, r.revoked_at, r.idempotency_key,
            (select json_agg(json_build_object('approver', v.approver_email, 'for', v.for_email,
                      'amount', v.amount_usd::text, 'steps', v.steps, 'at', v.voted_at,
                      'ends_at', v.ends_at) order by v.voted_at, v.xmin::text::bigint)
               from approval_votes v
              where v.approval_request_id = r.approval_request_id) as votes,
            (select json_agg(json_build_object('id', g.grant_id, 'amount', g.amount_usd::text,
                      'from', g.valid_from, 'until', g.valid_until, 'ends', g.ends_at,
                      'actions', (select json_agg(a.action order by a.audit_entry_id)
                                    from audit_entries a
                                   where a.subject = 'budget:' || g.budget_id
                                     and a.after ->> 'approval_request_id' = g.approval_request_id),
                      'endings', (select count(*) from budget_grant_endings e
                                   where e.grant_id = g.grant_id)))
               from budget_grant_terms g
              where g.approval_request_id = r.approval_request_id) as grants,
            (select json_agg(a.action order by a.audit_entry_id)
               from audit_entries a
              where a.subject = 'approval:' || r.approval_request_id) as actions,
            said.keys as messages
       from approval_requests r
       left join said on said.id = r.approval_request_id
      order by r.requested_at, r.approval_request_id`,
    [withMessages],
  );
  return rows;
}

/** Everything that is wrong with one request, as sentences. */
export function faultsOf(row: Row, history: History): string[] {
  return [
    ...faultsOfVotes(row, history),
    ...faultsOfOutcome(row, history),
    ...faultsOfGrants(row),
    ...faultsOfRecords(row),
    ...faultsOfReminders(row, history),
  ].map((fault) => `${row.id} (${history.shape} ${history.team}): ${fault}`);
}

/** Did `person` have a voice in `step` at that time, by themselves? */
function isApprover(
  history: History,
  row: Row,
  who: { readonly person: string; readonly step: number; readonly at: Date },
): boolean {
  if (who.person === row.requester || who.person === row.beneficiary) return false;
  const isEscalated = who.at.getTime() >= row.requested_at.getTime() + ESCALATE_AFTER_MS;
  if (isEscalated && who.person === history.people.esc) return true;
  return rolesAt(history, who.at).some((roles) =>
    peopleOfStep(history, row, { roles, step: who.step }).includes(emailFrom(who.person)),
  );
}

function rolesAt(history: History, at: Date): readonly Roles[] {
  return history.past.get(at.getTime()) ?? [];
}

function peopleOfStep(
  { shape, people }: History,
  { requester, beneficiary }: Row,
  { roles, step }: { readonly roles: Roles; readonly step: number },
): readonly Email[] {
  const owners = roles.owners.filter((one) => one !== requester && one !== beneficiary);
  const ownersOrAdmins = owners.length > 0 ? owners : [ROOT];
  if (shape === "group") return roles.group;
  if (shape === "quorum") return [...ownersOrAdmins, people.fin, people.gus];
  return shape === "chain" && step === 1 ? [people.fin, people.ana] : ownersOrAdmins;
}

function mayVote(
  history: History,
  row: Row,
  { vote, step }: { readonly vote: VoteRow; readonly step: number },
): boolean {
  const at = new Date(vote.at);
  if (vote.approver === row.requester || vote.approver === row.beneficiary) return false;
  if (isApprover(history, row, { person: vote.approver, step, at })) return true;
  if (vote.for === null || !isApprover(history, row, { person: vote.for, step, at })) return false;
  const from = emailFrom(vote.for);
  return rolesAt(history, at).some((roles) => roles.delegations.get(from)?.to === vote.approver);
}

function quorumsOf({ shape }: History): readonly number[] {
  if (shape === "chain") return [1, 1];
  return [shape === "quorum" ? 2 : 1];
}

function faultsOfVotes(row: Row, history: History): string[] {
  const faults: string[] = [];
  const quorums = quorumsOf(history);
  const before: VoteRow[] = [];
  const spoken = new Set<string>();
  for (const vote of row.votes ?? []) {
    for (const step of vote.steps) {
      if (!mayVote(history, row, { vote, step })) {
        faults.push(
          `${vote.approver} (for ${String(vote.for)}) had no voice in step ${String(step)}`,
        );
      }
    }
    const mandate = vote.for ?? vote.approver;
    if (spoken.has(mandate)) faults.push(`${mandate} has two voices`);
    spoken.add(mandate);
    const open = quorums.findIndex(
      (quorum, step) => before.filter(({ steps }) => steps.includes(step)).length < quorum,
    );
    const isSecondPerson = open === -1 && new Set(before.map(({ approver }) => approver)).size < 2;
    if (!isSecondPerson && !vote.steps.includes(open)) faults.push(`${mandate} spoke out of turn`);
    if (new Date(vote.at) >= row.expires_at) faults.push("a voice after the expiry");
    before.push(vote);
  }
  return faults;
}

function faultsOfOutcome(row: Row, history: History): string[] {
  const faults: string[] = [];
  const votes = row.votes ?? [];
  const quorums = quorumsOf(history);
  const isComplete =
    quorums.every(
      (quorum, step) => votes.filter(({ steps }) => steps.includes(step)).length >= quorum,
    ) &&
    (quorums.length === 1 || new Set(votes.map(({ approver }) => approver)).size > 1);
  if (row.status === "requested") faults.push("still open at the end of time");
  if (row.status === "applied" && !row.is_automatic) {
    if (!isComplete) faults.push("applied without its quorum");
    if (votes.at(-1)?.approver !== row.decided_by) faults.push("decided by somebody else");
    if (row.decided_at?.getTime() !== new Date(votes.at(-1)?.at ?? 0).getTime()) {
      faults.push("decided at another time than its last voice");
    }
    const least = votes.map(({ amount }) => usdFromDecimal(amount)).toSorted(byAmount)[0];
    if (row.approved === null || least !== usdFromDecimal(row.approved)) {
      faults.push("another amount than the least of its voices");
    }
    const ends = [
      row.ends_at,
      ...votes.flatMap((v) => (v.ends_at === null ? [] : [new Date(v.ends_at)])),
    ];
    if (Math.min(...ends.map(Number)) !== row.approved_ends_at?.getTime()) {
      faults.push("another end than the earliest of its voices");
    }
  } else if (isComplete && votes.length > 0) {
    faults.push("complete, and not applied");
  }
  if (row.status === "denied") {
    const at = row.decided_at ?? new Date(0);
    const could = quorums.some((_, step) => {
      const vote = { approver: emailFrom(row.decided_by ?? ""), at: at.toISOString() };
      const froms = rolesAt(history, at).flatMap(({ delegations }) =>
        [...delegations].flatMap(([from, { to }]) => (to === vote.approver ? [from] : [])),
      );
      return [null, ...froms].some((from) =>
        mayVote(history, row, {
          vote: { ...vote, for: from, amount: "0", steps: [], ends_at: null },
          step,
        }),
      );
    });
    if (!could) faults.push(`denied by ${String(row.decided_by)} without authority`);
  }
  return faults;
}

function faultsOfGrants(row: Row): string[] {
  const faults: string[] = [];
  const grants = row.grants ?? [];
  const [grant] = grants;
  if (grants.length !== (row.status === "applied" ? 1 : 0)) {
    faults.push(`${row.status} with ${String(grants.length)} grants`);
  }
  if (grant === undefined) return faults;
  if (grant.amount !== row.approved) faults.push("granted another amount than decided");
  if (Number(new Date(grant.from)) !== row.decided_at?.getTime())
    faults.push("granted at another time");
  if (Number(new Date(grant.until)) !== row.approved_ends_at?.getTime())
    faults.push("granted until another time");
  const ends = row.revoked_at ?? row.approved_ends_at;
  if (Number(new Date(grant.ends)) !== ends?.getTime())
    faults.push("ends at another time than it should");
  if (grant.endings !== (row.revoked_at === null ? 1 : 0))
    faults.push(`its end was noticed ${String(grant.endings)} times`);
  const wanted = [
    "budget.raised",
    row.revoked_at === null ? "budget.raise_ended" : "budget.raise_revoked",
  ];
  if (wanted.join() !== (grant.actions ?? []).join())
    faults.push(`audited as ${String(grant.actions)}`);
  return faults;
}

/** Audit and messages: as many and such as the rows demand. */
function faultsOfRecords(row: Row): string[] {
  const faults: string[] = [];
  const votes = row.votes ?? [];
  const isApplied = row.status === "applied";
  const noted = (row.actions ?? []).filter(
    (action) =>
      ![
        "approval.asked",
        "approval.answered",
        "approval.escalated",
        "approval.approvers_changed",
      ].includes(action) && !action.startsWith("limit."),
  );
  const silent = isApplied && !row.is_automatic ? votes.length - 1 : votes.length;
  const wanted = [
    "approval.requested",
    ...Array.from({ length: silent }, () => "approval.voted"),
    `approval.${row.status}`,
    ...(row.revoked_at === null ? [] : ["approval.revoked"]),
  ];
  if (noted.join() !== wanted.join())
    faults.push(`audited as ${noted.join()}, not ${wanted.join()}`);
  const keys = new Set(row.messages);
  for (const person of row.asked) {
    if (!keys.has(`approval::card:${person}`)) faults.push(`no card for ${person}`);
    if (!keys.has(`approval::card:${person}:decided`))
      faults.push(`the card of ${person} never closed`);
  }
  if (row.status !== "cancelled" && !keys.has("approval::outcome"))
    faults.push("nobody told the outcome");
  if (isApplied && row.revoked_at === null && !keys.has(`raise::ended:${row.requester}`)) {
    faults.push("nobody told the end");
  }
  return faults;
}

/** Nobody is reminded who had no voice then; whom Slack was asked about may have left a moment ago. */
function faultsOfReminders(row: Row, history: History): string[] {
  if (history.shape === "group") return [];
  return (row.messages ?? []).flatMap((key) => {
    const [, person = "", time = ""] = /^approval::card:(\S+):reminder-(\S+)$/.exec(key) ?? [];
    if (person === "") return [];
    const at = new Date(time);
    const steps = quorumsOf(history).map((_, step) => step);
    const could = steps.some((step) =>
      [null, ...delegatorsOf(history, person, at)].some((from) =>
        mayVote(history, row, {
          vote: {
            approver: emailFrom(person),
            for: from,
            at: time,
            amount: "0",
            steps: [],
            ends_at: null,
          },
          step,
        }),
      ),
    );
    return could ? [] : [`${person} was reminded at ${time} without a voice`];
  });
}

function delegatorsOf(history: History, person: string, at: Date): readonly Email[] {
  return rolesAt(history, at).flatMap(({ delegations }) =>
    [...delegations].flatMap(([from, { to }]) => (to === person ? [from] : [])),
  );
}

/** Of all requests of one policy: what was granted by nobody stays under the ceiling. */
export function faultsOfCeiling(rows: readonly Row[], used: ReadonlyMap<string, Usd>): string[] {
  const scopes = new Set(rows.filter((row) => row.is_automatic).map(({ scope }) => scope));
  return [...scopes].flatMap((scope) => {
    const automatic = rows.filter((row) => row.is_automatic && row.scope === scope);
    const amounts = automatic.map(({ approved }) => usdFromDecimal(approved ?? "0"));
    const total = sumUsd(amounts);
    const counted = used.get(scope);
    return [
      ...(amounts.some((amount) => amount > AUTO_UP_TO) ? [`${scope}: too large for nobody`] : []),
      ...(total > AUTO_PER_PERIOD ? [`${scope}: ${usdToDecimal(total)} above the ceiling`] : []),
      ...(counted === total
        ? []
        : [`${scope}: counted ${usdToDecimal(counted ?? sumUsd([]))} of ${usdToDecimal(total)}`]),
    ];
  });
}

/** What a budget's grants must add up to at an instant, from the requests alone. */
export function moneyAt(rows: readonly Row[], scope: string, at: Date): Usd {
  return sumUsd(
    rows
      .filter(
        (row) =>
          row.scope === scope &&
          row.status === "applied" &&
          (row.decided_at ?? at) <= at &&
          at < (row.revoked_at ?? row.approved_ends_at ?? at),
      )
      .map(({ approved }) => usdFromDecimal(approved ?? "0")),
  );
}

function byAmount(left: Usd, right: Usd): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
