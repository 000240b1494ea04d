import { describe, expect, test } from "vitest";
import { addMs, instant } from "../../src/domain/time.ts";
import { listAudit, recordAudit } from "../../src/store/audit.ts";
import { inTransaction } from "../../src/store/database.ts";
import { useDatabase } from "../support/database.ts";

const db = useDatabase();
const NOON = instant("2026-11-23T12:00:00Z");

describe("audit", () => {
  test("tells the history of one subject, oldest first", async () => {
    const raised = {
      occurredAt: addMs(NOON, 1),
      actor: "ana@acme.test",
      action: "budget.limit_changed",
      subject: "budget:history",
      before: { limit_usd: "500.000000" },
      after: { limit_usd: "700.000000" },
    };
    const created = {
      occurredAt: NOON,
      actor: "governance",
      action: "budget.created",
      subject: "budget:history",
      after: { limit_usd: "500.000000" },
    };

    await recordAudit(db.pool, raised);
    await recordAudit(db.pool, created);
    await recordAudit(db.pool, { ...created, subject: "budget:other" });

    expect(await listAudit(db.pool, "budget:history")).toEqual([created, raised]);
  });

  test("keeps the order of entries of one instant", async () => {
    const actions = Array.from({ length: 20 }, (_, index) => `step.${String(index)}`);
    for (const action of actions) {
      await recordAudit(db.pool, { occurredAt: NOON, actor: "system", action, subject: "order" });
    }

    expect((await listAudit(db.pool, "order")).map((entry) => entry.action)).toEqual(actions);
  });

  test("vanishes with the transaction of the change", async () => {
    const failing = inTransaction(db.pool, async (sql) => {
      await recordAudit(sql, { occurredAt: NOON, actor: "system", action: "a", subject: "undone" });
      throw new Error("the change failed");
    });

    await expect(failing).rejects.toThrow("the change failed");
    expect(await listAudit(db.pool, "undone")).toEqual([]);
  });

  test.each(["update audit_entries set actor = 'someone else'", "delete from audit_entries"])(
    "can't be rewritten by: %s",
    async (statement) => {
      await recordAudit(db.pool, { occurredAt: NOON, actor: "system", action: "a", subject: "s" });

      await expect(db.pool.query(statement)).rejects.toThrow("audit_entries is append-only");
    },
  );
});
