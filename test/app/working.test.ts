import { expect, test, vi } from "vitest";
import { instant } from "../../src/domain/time.ts";
import { raiseAlerts } from "../../src/features/alerts/index.ts";
import { inTransaction } from "../../src/store/database.ts";
import { anAlertFact } from "../support/alert-builders.ts";
import { useDatabase } from "../support/database.ts";
import { useFakeSlack } from "../support/fake-slack.ts";
import { MANIFEST, startTestProgram } from "../support/program.ts";

const db = useDatabase();
const slack = useFakeSlack({ manifest: MANIFEST });

test("a program that works gathers storms that others found", async () => {
  const program = await startTestProgram({
    poolConfig: db.poolConfig,
    fake: slack(),
    env: { GOVERNANCE_FILE: "docs/examples/governance.yml", ROLES: "worker" },
  });
  try {
    const clock = () => instant(new Date());
    const { period: _, ...fact } = anAlertFact();
    const facts = ["1", "2", "3", "4", "5", "6", "7"].map((name) => ({
      ...fact,
      factKey: `fact:${name}`,
      threadKey: `thread:${name}`,
    }));
    await inTransaction(db.pool, async (sql) => await raiseAlerts(sql, { clock }, facts));

    await vi.waitFor(
      async () => {
        const { rows } = await db.pool.query<{ readonly text: string }>(
          "select o.text from outbox_messages o where o.dedupe_key like 'alert-storm:%'",
        );
        expect(rows.map(({ text }) => text)).toEqual([
          "2 more alerts in a short time, the latest: 4 times normal",
        ]);
      },
      { timeout: 120_000, interval: 20 },
    );
  } finally {
    await program.stop();
  }
}, 60_000);
