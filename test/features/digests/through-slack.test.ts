/** A digest through the running program: planned, looked at by command, posted by a click. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { instant } from "../../../src/domain/time.ts";
import { spend } from "../../support/budget-builders.ts";
import { usd } from "../../support/builders.ts";
import { useDatabase } from "../../support/database.ts";
import { PEOPLE, useFakeSlack } from "../../support/fake-slack.ts";
import { MANIFEST, startTestProgram, type TestProgram } from "../../support/program.ts";

const db = useDatabase();
const slack = useFakeSlack({ manifest: MANIFEST });
let program: TestProgram;

const GOVERNANCE = `
organization: { name: Acme, time_zone: UTC, finops_channel: "#finops", admins: [dana@acme.test] }
teams: { search: { name: Search, channel: "#team-search", owners: [ana@acme.test], members: [bo@acme.test] } }
digests:
  - { channel: "#finops", scope: org, every: day, at: "09:00" }
  - { scope: "each:team", every: month, on: 31, at: "09:00" }
`;

afterEach(async () => {
  await program.stop();
});
beforeEach(async () => {
  const clock = () => instant("2026-11-23T08:00:00Z");
  program = await startTestProgram({ poolConfig: db.poolConfig, fake: slack(), clock });
});

test("governance plans it, an owner looks at it and posts it, its channel reads it", async () => {
  await program.put("/v1/governance", GOVERNANCE);
  await spend(db.pool, { amount: usd(40), at: "2026-10-22T10:00:00Z" });
  const { rows } = await db.pool.query(
    `select d.channel as destination, d.scope, d.every, d.on_day, d.next_run_at from digests d order by 1`,
  );
  expect(rows).toEqual([
    {
      destination: "#finops",
      scope: "org",
      every: "day",
      on_day: null,
      next_run_at: new Date("2026-11-23T09:00:00Z"),
    },
    {
      destination: "#team-search",
      scope: "team:search",
      every: "month",
      on_day: 31,
      next_run_at: new Date("2026-11-30T09:00:00Z"),
    },
  ]);

  const [ana, bo] = [slack().as(PEOPLE.ana), slack().as(PEOPLE.bo)];
  await bo.command("/claude-spend digest org", "#team-search");
  await bo.waitForMessage("#team-search", ({ text }) => text.includes("You may not see"));

  await ana.command("/claude-spend digest", "#team-search");
  const preview = await ana.waitForMessage("#team-search", ({ text }) => text.includes("$40.00"));
  expect(preview.text).toBe("Search spent $40.00 in October 2026.");
  expect(bo.messages("#team-search").some(({ text }) => text.includes("$40.00"))).toBe(false);

  await ana.click(preview, "digest_send");
  const posted = await bo.waitForMessage("#team-search", ({ text }) => text.includes("$40.00"));
  expect(posted.text).toBe("Search spent $40.00 in October 2026.");
  expect(JSON.stringify(posted.blocks)).toContain("data_visualization");
});
