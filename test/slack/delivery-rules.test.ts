import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addMs, instant, MINUTE_MS } from "../../src/domain/time.ts";
import {
  deadAfter,
  decideAfterLook,
  decideDelivery,
  GIVE_UP_AFTER_MS,
  PROBE_MS,
} from "../../src/slack/delivery-rules.ts";

const now = instant("2026-11-23T10:00:00Z");
const at = { now, random: 0 };
const retry = { kind: "retry", reason: "ECONNREFUSED" } as const;
const lost = { kind: "unknown-outcome", reason: "timeout" } as const;
const posted = { channelId: "C1", ts: "1.1" };
const CHANNEL = { channel: "C1" };

function tried(attempts = 1, createdAt = now) {
  return { attempts, createdAt, destination: CHANNEL };
}

describe("decideDelivery", () => {
  it("keeps where a message was posted", () => {
    expect(decideDelivery({ kind: "sent", ...posted }, tried(), at)).toEqual({
      status: "sent",
      ...posted,
    });
  });

  it("gives up at once what Slack refuses for good", () => {
    const refused = { kind: "permanent", reason: "invalid_blocks" } as const;
    expect(decideDelivery(refused, tried(), at)).toEqual({
      status: "failed",
      reason: "invalid_blocks",
    });
  });

  it.each(["is_archived", "channel_not_found", "not_in_channel", "token_revoked"])(
    "keeps what %s closes off, and tries it again after a while",
    (reason) => {
      expect(decideDelivery({ kind: "permanent", reason }, tried(40), at)).toEqual({
        status: "pending",
        reason,
        nextAttemptAt: addMs(now, PROBE_MS),
        isCounted: false,
      });
    },
  );

  it("a person who can't be reached is no closed channel", () => {
    const person = { ...tried(), destination: { person: "bo@acme.test" } };
    const refused = { kind: "permanent", reason: "channel_not_found" } as const;
    expect(decideDelivery(refused, person, at)).toMatchObject({ status: "failed" });
    expect(deadAfter(refused, person.destination)).toBeUndefined();
    expect(deadAfter({ kind: "permanent", reason: "invalid_auth" }, person.destination)).toBe(
      "everywhere",
    );
  });

  it("waits longer after each attempt, ten minutes at most", () => {
    const waits = Array.from({ length: 8 }, (_, index) => {
      const decision = decideDelivery(retry, tried(index + 1), { now, random: 1 });
      return decision.status === "pending"
        ? (decision.nextAttemptAt.getTime() - now.getTime()) / 1_000
        : decision.status;
    });
    expect(waits).toEqual([5, 15, 45, 135, 405, 600, 600, 600]);
  });

  it.each([retry, lost, { kind: "permanent", reason: "is_archived" } as const])(
    "gives up after three days, not before ($kind)",
    (outcome) => {
      const since = (ms: number) => tried(90, addMs(now, -ms));
      expect(decideDelivery(outcome, since(GIVE_UP_AFTER_MS - 1), at).status).not.toBe("failed");
      expect(decideDelivery(outcome, since(GIVE_UP_AFTER_MS), at)).toEqual({
        status: "failed",
        reason: `${outcome.reason} for three days`,
      });
    },
  );

  it("has a copy of what somebody must read sent elsewhere before it gives a closed channel up", () => {
    const old = tried(1, addMs(now, -GIVE_UP_AFTER_MS));
    const closed = { kind: "permanent", reason: "is_archived" } as const;
    expect(decideDelivery(closed, { ...old, isUncopied: true }, at).status).toBe("pending");
    expect(decideDelivery(closed, { ...old, isUncopied: false }, at).status).toBe("failed");
    const person = { ...old, destination: { person: "bo@acme.test" }, isUncopied: true };
    expect(decideDelivery(closed, person, at).status).toBe("failed");
  });

  it.each([retry, lost, { kind: "retry", reason: "ratelimited", afterMs: 1_000 } as const])(
    "is not given up for its age alone: the program may have stood still ($reason)",
    (outcome) => {
      const old = tried(1, addMs(now, -2 * GIVE_UP_AFTER_MS));
      expect(decideDelivery(outcome, old, at).status).not.toBe("failed");
    },
  );

  it("comes again when Slack says, which does not use up an attempt", () => {
    const limited = { kind: "retry", reason: "ratelimited", afterMs: 30_000 } as const;
    expect(decideDelivery(limited, tried(9), at)).toEqual({
      status: "pending",
      reason: "ratelimited",
      nextAttemptAt: instant("2026-11-23T10:00:30Z"),
      isCounted: false,
    });
  });

  it("remembers that a lost answer may have been a yes", () => {
    expect(decideDelivery(lost, tried(), at)).toMatchObject({ status: "unknown" });
    expect(decideDelivery(retry, tried(), at)).toMatchObject({ status: "pending" });
  });

  it("always waits at least two seconds and at most ten minutes", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (attempts, random) => {
          const decision = decideDelivery(lost, tried(attempts), { now, random });
          const waitMs =
            decision.status === "unknown" ? decision.nextAttemptAt.getTime() - now.getTime() : 0;
          expect(waitMs).toBeGreaterThanOrEqual(2_000);
          expect(waitMs).toBeLessThanOrEqual(10 * MINUTE_MS);
        },
      ),
    );
  });
});

describe("decideAfterLook", () => {
  it("takes a message that it finds as sent", () => {
    expect(decideAfterLook("alert", posted)).toEqual({ kind: "sent", ...posted });
  });

  it.each(["alert", "digest", "approval", "notice"] as const)(
    "posts a %s that is not there",
    (kind) => {
      expect(decideAfterLook(kind, undefined)).toEqual({ kind: "post" });
    },
  );

  it.each(["alert", "approval", "notice"] as const)(
    "posts a %s again when it can't look",
    (kind) => {
      expect(decideAfterLook(kind, "cannot-look")).toEqual({ kind: "post" });
    },
  );

  it("does not risk a second digest when it can't look", () => {
    expect(decideAfterLook("digest", "cannot-look")).toMatchObject({ kind: "skipped" });
  });
});
