/** What a governance document says about metering sources is what holds after it was applied. */
import { expect, test } from "vitest";
import { governanceAppliers } from "../../../src/app/wire.ts";
import { addMs, DAY_MS, instant } from "../../../src/domain/time.ts";
import { applyGovernance } from "../../../src/features/governance/index.ts";
import { listMeteringDesignations } from "../../../src/features/sources/index.ts";
import { useDatabase } from "../../support/database.ts";

const db = useDatabase();
const NOW = instant("2026-11-23T12:00:00Z");

test("a document designates, keeps and ends metering sources, and says so", async () => {
  const apply = async (metering: string, days: number) =>
    await applyGovernance(
      { database: db.pool, clock: () => addMs(NOW, days * DAY_MS), appliers: governanceAppliers },
      {
        text: `organization: { name: Acme }\nmetering: ${metering}\n`,
        appliedBy: "dana@acme.test",
      },
    );
  const workspace = "{ match: { workspace_id: w }, source: litellm }";
  const key = "{ match: { api_key_id: k }, source: checkout }";

  expect(await apply(`[${workspace}, ${key}]`, 0)).toMatchObject({
    kind: "applied",
    changes: expect.arrayContaining(["metering sources: 0 → 2, changed"]) as unknown,
  });
  await apply(`[${workspace}]`, 1);

  const stored = await listMeteringDesignations(db.pool);
  expect(
    stored.map(({ match, source, validFrom, validUntil }) => ({
      match,
      source,
      validFrom,
      validUntil,
    })),
  ).toEqual([
    { match: { workspaceId: "w" }, source: "litellm", validFrom: NOW, validUntil: undefined },
    {
      match: { apiKeyId: "k" },
      source: "checkout",
      validFrom: NOW,
      validUntil: addMs(NOW, DAY_MS),
    },
  ]);
});
