import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addMs, HOUR_MS, instant } from "../../../src/domain/time.ts";
import {
  type ApprovalAction,
  type Decision,
  type DecisionRefusal,
  decide,
} from "../../../src/features/approvals/rules/decide.ts";
import {
  type ApprovalRequest,
  expiryOf,
  refusalOfProposal,
  refusalOfSteps,
  type Vote,
} from "../../../src/features/approvals/rules.ts";
import {
  ANA,
  ASKED_AT,
  anApprovalRequest,
  anAuthority,
  aPolicy,
  aProposal,
  aVote,
  BO,
  DANA,
  EVE,
} from "../../support/approvals-builders.ts";
import { usd } from "../../support/builders.ts";

const NOW = addMs(ASKED_AT, HOUR_MS);
const approveAll: ApprovalAction = { kind: "approve" };

function click(options: {
  readonly request?: ApprovalRequest;
  readonly action?: ApprovalAction;
  readonly actor?: typeof ANA;
  readonly isApprover?: boolean;
  readonly votes?: readonly Vote[];
  readonly now?: typeof NOW;
}): Decision {
  const actor = options.actor ?? ANA;
  const isApprover = options.isApprover ?? true;
  return decide(options.request ?? anApprovalRequest(), options.action ?? approveAll, {
    actor,
    authority: anAuthority([isApprover ? [actor] : []]),
    votes: options.votes ?? [],
    now: options.now ?? NOW,
  });
}

function voice(dollars: number) {
  return { for: undefined, steps: [0], amount: usd(dollars), endsAt: undefined };
}

describe("decide", () => {
  test("applies the requested amount when an approval reaches the quorum", () => {
    expect(click({})).toMatchObject({ kind: "applied", amount: usd(200), vote: voice(200) });
  });

  test.each([0.01, 150, 200])("lets an approver approve $%d of $200", (dollars) => {
    expect(click({ action: { kind: "approve", amount: usd(dollars) } })).toMatchObject({
      kind: "applied",
      amount: usd(dollars),
      vote: voice(dollars),
    });
  });

  test("counts a voice below the quorum and waits", () => {
    const request = anApprovalRequest({ policy: aPolicy({ quorum: 2 }) });

    expect(click({ request })).toEqual({
      kind: "voted",
      vote: voice(200),
      approvals: 1,
      quorum: 2,
      step: 1,
      steps: 1,
    });
  });

  test.each([
    [150, 180, 150],
    [180, 150, 150],
    [200, 200, 200],
  ])("grants the smallest amount of the votes: $%d and $%d make $%d", (first, second, granted) => {
    const request = anApprovalRequest({ policy: aPolicy({ quorum: 2 }) });
    const action: ApprovalAction = { kind: "approve", amount: usd(second) };

    expect(click({ request, action, actor: DANA, votes: [aVote(ANA, first)] })).toMatchObject({
      kind: "applied",
      amount: usd(granted),
      vote: voice(second),
    });
  });

  test("takes one denial, whatever the quorum", () => {
    const request = anApprovalRequest({ policy: aPolicy({ quorum: 3 }) });

    expect(click({ request, action: { kind: "deny" }, votes: [aVote(DANA)] })).toEqual({
      kind: "denied",
    });
  });

  test("lets the requester withdraw while it is open", () => {
    expect(click({ action: { kind: "withdraw" }, actor: BO, isApprover: false })).toEqual({
      kind: "cancelled",
    });
  });

  const decidedAt = instant("2026-11-23T10:30:00Z");
  const applied = anApprovalRequest({
    status: "applied",
    approvedAmount: usd(200),
    decidedBy: DANA,
    decidedAt,
  });
  const denied = anApprovalRequest({ status: "denied", decidedBy: DANA, decidedAt });
  const cancelled = anApprovalRequest({ status: "cancelled", decidedAt });
  const expired = anApprovalRequest({ status: "expired", decidedAt });
  const open = anApprovalRequest();
  const quorum2 = anApprovalRequest({ policy: aPolicy({ quorum: 2 }) });

  test.each<[string, Parameters<typeof click>[0], DecisionRefusal]>([
    ["the requester's approval", { actor: BO }, { reason: "own-request" }],
    ["the requester's denial", { actor: BO, action: { kind: "deny" } }, { reason: "own-request" }],
    ["a stranger's approval", { isApprover: false }, { reason: "not-an-approver" }],
    [
      "a stranger's click on a decided request, telling nothing of it",
      { request: applied, isApprover: false },
      { reason: "not-an-approver" },
    ],
    ["an approver's withdrawal", { action: { kind: "withdraw" } }, { reason: "not-the-requester" }],
    [
      "approving what was approved",
      { request: applied },
      { reason: "already-decided", by: DANA, at: decidedAt, status: "applied" },
    ],
    [
      "withdrawing what was denied",
      { request: denied, actor: BO, action: { kind: "withdraw" } },
      { reason: "already-decided", by: DANA, at: decidedAt, status: "denied" },
    ],
    [
      "approving what was withdrawn",
      { request: cancelled },
      { reason: "already-decided", by: BO, at: decidedAt, status: "cancelled" },
    ],
    [
      "approving what was settled where it was asked",
      { request: { ...cancelled, decisionReason: "Denied at Anthropic by somebody else" } },
      {
        reason: "settled-elsewhere",
        because: "Denied at Anthropic by somebody else",
        at: decidedAt,
      },
    ],
    ["approving what expired", { request: expired }, { reason: "expired", at: open.expiresAt }],
    [
      "the instant of the expiry",
      { now: open.expiresAt },
      { reason: "expired", at: open.expiresAt },
    ],
    [
      "a withdrawal after the expiry",
      { now: open.expiresAt, actor: BO, action: { kind: "withdraw" } },
      { reason: "expired", at: open.expiresAt },
    ],
    [
      "a second voice of one person",
      { request: quorum2, votes: [aVote(ANA)] },
      { reason: "already-voted", approvals: 1, quorum: 2 },
    ],
    [
      "a denial after one's own approval",
      { request: quorum2, votes: [aVote(ANA)], action: { kind: "deny" } },
      { reason: "already-voted", approvals: 1, quorum: 2 },
    ],
    [
      "a cent above the request",
      { action: { kind: "approve", amount: usd(200.01) } },
      { reason: "amount-above-request", requestedAmount: usd(200) },
    ],
    [
      "an amount of zero",
      { action: { kind: "approve", amount: usd(0) } },
      { reason: "amount-not-positive" },
    ],
    [
      "a negative amount",
      { action: { kind: "approve", amount: usd(-5) } },
      { reason: "amount-not-positive" },
    ],
  ])("refuses %s", (_what, options, refusal) => {
    expect(click(options)).toEqual({ kind: "refused", refusal });
  });

  test("accepts an approval a millisecond before the expiry", () => {
    expect(click({ now: addMs(open.expiresAt, -1) }).kind).toBe("applied");
  });
});

/** One person doing one thing at one time, with or without the authority for it. */
const clicks = fc.array(
  fc.record({
    actor: fc.constantFrom(BO, ANA, DANA, EVE),
    isApprover: fc.boolean(),
    waitHours: fc.integer({ min: 0, max: 30 }),
    action: fc.oneof(
      fc.record({
        kind: fc.constant("approve" as const),
        amount: fc.integer({ min: -1, max: 201 }).map(usd),
      }),
      fc.constant({ kind: "approve" as const }),
      fc.constant({ kind: "deny" as const }),
      fc.constant({ kind: "withdraw" as const }),
    ),
  }),
  { maxLength: 30 },
);

interface Step {
  readonly decision: Decision;
  readonly actor: typeof ANA;
  readonly isApprover: boolean;
  readonly at: typeof NOW;
}

function outcomeOf({ kind }: Decision): ApprovalRequest["status"] {
  return kind === "applied" || kind === "denied" || kind === "cancelled" ? kind : "requested";
}

/** Plays clicks as the flow does: what one leaves behind is what the next one is judged by. */
function play(
  sequence: typeof clicks extends fc.Arbitrary<infer T> ? T : never,
  quorum: number,
): { readonly request: ApprovalRequest; readonly votes: readonly Vote[]; readonly steps: Step[] } {
  let request = anApprovalRequest({ policy: aPolicy({ quorum }) });
  let votes: readonly Vote[] = [];
  let now = ASKED_AT;
  const steps: Step[] = [];
  for (const { actor, isApprover, waitHours, action } of sequence) {
    now = addMs(now, waitHours * HOUR_MS);
    const authority = anAuthority([isApprover ? [actor] : []]);
    const decision = decide(request, action, { actor, authority, votes, now });
    steps.push({ decision, actor, isApprover, at: now });
    if (decision.kind === "refused") continue;
    if (decision.kind === "voted" || decision.kind === "applied") {
      votes = [...votes, { ...decision.vote, approver: actor, votedAt: now, note: undefined }];
    }
    if (["voted", "asked", "revoked"].includes(decision.kind)) continue;
    request = {
      ...request,
      status: outcomeOf(decision),
      decidedAt: now,
      decidedBy: decision.kind === "cancelled" ? undefined : actor,
      approvedAmount: decision.kind === "applied" ? decision.amount : undefined,
    };
  }
  return { request, votes, steps };
}

describe("any sequence of clicks", () => {
  const quorums = fc.integer({ min: 1, max: 3 });

  test("decides at most once", () => {
    fc.assert(
      fc.property(clicks, quorums, (sequence, quorum) => {
        const decisive = play(sequence, quorum).steps.filter(({ decision }) =>
          ["applied", "denied", "cancelled"].includes(decision.kind),
        );
        expect(decisive.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 500 },
    );
  });

  test("changes nothing after a decision or the expiry", () => {
    fc.assert(
      fc.property(clicks, quorums, (sequence, quorum) => {
        const { steps, request } = play(sequence, quorum);
        const last = steps.findIndex(({ decision }) =>
          ["applied", "denied", "cancelled"].includes(decision.kind),
        );
        const late = steps.filter(
          ({ at }, index) => (last !== -1 && index > last) || at >= request.expiresAt,
        );
        expect(late.every(({ decision }) => decision.kind === "refused")).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("applies only with a quorum of distinct approvers, none of them the requester", () => {
    let appliedRuns = 0;
    fc.assert(
      fc.property(clicks, quorums, (sequence, quorum) => {
        const { request, votes, steps } = play(sequence, quorum);
        if (request.status !== "applied") return;
        appliedRuns += 1;
        const voters = votes.map((vote) => vote.approver);
        expect(new Set(voters).size).toBe(quorum);
        expect(voters).not.toContain(BO);
        expect(votes).toHaveLength(quorum);
        const counted = steps.filter(({ decision }) =>
          ["voted", "applied"].includes(decision.kind),
        );
        expect(counted.every((step) => step.isApprover)).toBe(true);
      }),
      { numRuns: 500 },
    );
    expect(appliedRuns).toBeGreaterThan(0);
  });

  test("grants the smallest amount voted, positive and never above the request", () => {
    fc.assert(
      fc.property(clicks, quorums, (sequence, quorum) => {
        const { request, votes } = play(sequence, quorum);
        if (request.approvedAmount === undefined) return;
        const smallest = votes.map((vote) => vote.amount).reduce((a, b) => (a < b ? a : b));
        expect(request.approvedAmount).toBe(smallest);
        expect(smallest > 0n && smallest <= request.requestedAmount).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe("a proposal", () => {
  const known = { policy: aPolicy(), openRequests: 0, now: ASKED_AT };

  test("is accepted when somebody can decide it", () => {
    expect(refusalOfProposal(aProposal(), known)).toBeUndefined();
    expect(refusalOfSteps(aPolicy(), [[ANA]])).toBeUndefined();
  });

  test("that nobody could decide is refused", () => {
    expect(refusalOfSteps(aPolicy(), [[]])).toBe("no-approver");
    expect(refusalOfSteps(aPolicy({ quorum: 2 }), [[ANA]])).toBe("too-few-approvers");
  });

  test.each([
    ["too-many-open", { openRequests: 3 }],
    ["above-every-policy", { policy: undefined }],
    ["already-over", { now: aProposal().endsAt }],
  ] as const)("is refused as %s", (reason, change) => {
    expect(refusalOfProposal(aProposal(), { ...known, ...change })).toBe(reason);
  });

  test("may be the third open one", () => {
    expect(refusalOfProposal(aProposal(), { ...known, openRequests: 2 })).toBeUndefined();
  });

  test("expires as its policy says, but never after what it asks for has ended", () => {
    const policy = aPolicy({ expiresInMs: 24 * HOUR_MS });
    const tonight = instant("2026-11-23T23:00:00Z");

    expect(expiryOf(aProposal(), policy, ASKED_AT)).toEqual(instant("2026-11-24T10:00:00Z"));
    expect(expiryOf(aProposal({ endsAt: tonight }), policy, ASKED_AT)).toEqual(tonight);
  });
});
