import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { instant, MINUTE_MS } from "../../src/domain/time.ts";
import { ATTEMPTS_MAX, decideAfterLook, decideDelivery } from "../../src/slack/delivery-rules.ts";

const now = instant("2026-11-23T10:00:00Z");
const at = { now, random: 0 };
const retry = { kind: "retry", reason: "ECONNREFUSED" } as const;
const lost = { kind: "unknown-outcome", reason: "timeout" } as const;
const posted = { channelId: "C1", ts: "1.1" };

describe("decideDelivery", () => {
  it("keeps where a message was posted", () => {
    expect(decideDelivery({ kind: "sent", ...posted }, 1, at)).toEqual({
      status: "sent",
      ...posted,
    });
  });

  it("gives up at once what Slack refuses for good", () => {
    const refused = { kind: "permanent", reason: "is_archived" } as const;
    expect(decideDelivery(refused, 1, at)).toEqual({ status: "failed", reason: "is_archived" });
  });

  it("waits longer after each attempt and gives up after the eighth", () => {
    const waits = Array.from({ length: ATTEMPTS_MAX }, (_, index) => {
      const decision = decideDelivery(retry, index + 1, { now, random: 1 });
      return decision.status === "pending"
        ? (decision.nextAttemptAt.getTime() - now.getTime()) / 1_000
        : decision.status;
    });
    expect(waits).toEqual([5, 15, 45, 135, 405, 1_215, 1_800, "failed"]);
  });

  it("comes again when Slack says, which does not use up an attempt", () => {
    const limited = { kind: "retry", reason: "ratelimited", afterMs: 30_000 } as const;
    expect(decideDelivery(limited, ATTEMPTS_MAX + 1, at)).toEqual({
      status: "pending",
      reason: "ratelimited",
      nextAttemptAt: instant("2026-11-23T10:00:30Z"),
      isCounted: false,
      mayBeThere: false,
    });
  });

  it("remembers that a lost answer may have been a yes", () => {
    expect(decideDelivery(lost, 1, at)).toMatchObject({ status: "pending", mayBeThere: true });
    expect(decideDelivery(retry, 1, at)).toMatchObject({ status: "pending", mayBeThere: false });
  });

  it("always waits at least two seconds and at most half an hour", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: ATTEMPTS_MAX - 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (attempts, random) => {
          const decision = decideDelivery(lost, attempts, { now, random });
          const waitMs =
            decision.status === "pending" ? decision.nextAttemptAt.getTime() - now.getTime() : 0;
          expect(waitMs).toBeGreaterThanOrEqual(2_000);
          expect(waitMs).toBeLessThanOrEqual(30 * MINUTE_MS);
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
