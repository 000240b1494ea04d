import { describe, expect, test } from "vitest";
import { governanceAppliers } from "../../../src/app/wire.ts";
import { instant } from "../../../src/domain/time.ts";
import { applyGovernance } from "../../../src/features/governance/index.ts";
import { loadReconciliation } from "../../../src/features/reconciliation/index.ts";
import { fixedClock } from "../../support/clock.ts";
import { useDatabase } from "../../support/database.ts";

const db = useDatabase();
const NOW = "2026-11-23T10:00:00Z";

async function shareAfter(text: string): Promise<bigint> {
  const outcome = await applyGovernance(
    { database: db.pool, clock: fixedClock(NOW), appliers: governanceAppliers },
    { text: `organization: { name: Acme }\n${text}`, appliedBy: "test" },
  );
  if (outcome.kind === "refused") throw new Error(outcome.problems[0]?.message);
  const day = instant("2026-11-20T00:00:00Z");
  return (await loadReconciliation({ database: db.pool }, { start: day, end: instant(NOW) })).share;
}

describe("reconciliation.drift_percent", () => {
  test("is what counts; without it half a percent does", async () => {
    expect(await shareAfter('reconciliation: { drift_percent: "1.25" }')).toBe(12_500n);
    expect(await shareAfter("")).toBe(5_000n);
    expect(await shareAfter("reconciliation: {}")).toBe(5_000n);
  });

  test.each(['"0"', '"100.5"', "0.5", '"a lot"'])("refuses %s", async (percent) => {
    await expect(shareAfter(`reconciliation: { drift_percent: ${percent} }`)).rejects.toThrow(
      /more than 0 and at most 100/,
    );
  });
});
