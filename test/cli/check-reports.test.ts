import { beforeEach, expect, test } from "vitest";
import { checkReports } from "../../src/cli/check-reports.ts";
import { addMs, DAY_MS, HOUR_MS, instant } from "../../src/domain/time.ts";
import { useDatabase } from "../support/database.ts";
import { aPull } from "../support/report-pulls.ts";

const db = useDatabase();
const NOW = instant("2026-11-23T10:00:00Z");
const ENV = { ANTHROPIC_ADMIN_KEY: "sk-ant-admin01-x", ANTHROPIC_ORG_KIND: "enterprise" };

beforeEach(async () => {
  await db.pool.query(`truncate provider_report_pulls`);
});

const look = async (env: Readonly<Record<string, string>> = ENV) =>
  await checkReports(db.pool, env, NOW);

test("without an admin key there is nothing to read", async () => {
  expect(await look({})).toMatchObject({ status: "ok" });
});

test("says how far each report is, and whether one counts as usage", async () => {
  await aPull(db.pool, "analytics_cost", NOW);
  await aPull(db.pool, "analytics_usage", NOW);

  expect(await look({ ...ENV, ANTHROPIC_METERING: "analytics" })).toEqual({
    status: "ok",
    message:
      "analytics_cost is complete up to 2026-11-23T09:00:00.000Z; analytics_usage is complete up to 2026-11-23T09:00:00.000Z; analytics counts as usage of the source anthropic",
  });
});

test("never read: names the command and the role", async () => {
  const { status, message } = await look();

  expect(status).toBe("warning");
  expect(message).toMatch(/claude-spend pull.*worker/);
});

test("what a person must mend is a failure, in the words of who refused", async () => {
  await aPull(db.pool, "analytics_cost", NOW, {
    failures: 1,
    needsOperator: true,
    lastError: "This key may not use the Admin API.",
  });

  expect(await look()).toMatchObject({
    status: "failed",
    message: expect.stringContaining("analytics_cost: This key may not") as string,
  });
});

test.each([
  ["that passes", { failures: 3, lastError: "Anthropic can't answer" }, "3 times in a row"],
  ["nobody reads", { lastSuccessAt: addMs(NOW, -2 * HOUR_MS) }, "worker running"],
  ["late at Anthropic", { completeUntil: addMs(NOW, -4 * DAY_MS) }, "is behind"],
])("%s: a warning", async (_name, parts, expected) => {
  await aPull(db.pool, "analytics_cost", NOW, parts);

  expect(await look()).toMatchObject({
    status: "warning",
    message: expect.stringContaining(expected) as string,
  });
});
