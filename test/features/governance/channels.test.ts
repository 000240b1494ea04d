import { beforeEach, describe, expect, test } from "vitest";
import { AppError } from "../../../src/domain/errors.ts";
import { applyGovernanceFile } from "../../../src/features/governance/flow/apply-file.ts";
import {
  applyGovernance,
  type GovernanceAppliers,
} from "../../../src/features/governance/index.ts";
import type { KnownChannel } from "../../../src/features/governance/rules/check-channels.ts";
import { fixedClock } from "../../support/clock.ts";
import { useDatabase } from "../../support/database.ts";

const db = useDatabase();

beforeEach(async () => {
  await db.pool.query("truncate governance_documents, organization_settings, teams cascade");
});

async function nothing(): Promise<void> {
  await Promise.resolve();
}
const appliers: GovernanceAppliers = {
  budgets: nothing,
  digests: nothing,
  approvalPolicies: nothing,
  limitPushes: nothing,
  driftPercent: nothing,
  chargeback: nothing,
};

const DOCUMENT = `organization: { name: Acme, finops_channel: "#finops" }
teams:
  search:
    channel: C0SEARCH00
digests:
  - { channel: "#team-ads", scope: org, every: day, at: "09:00" }
`;
const CHANNELS: readonly KnownChannel[] = [
  { channelId: "C0FINOPS00", name: "finops", isArchived: false },
  { channelId: "C0SEARCH00", name: "team-search", isArchived: false },
  { channelId: "C0ADS00000", name: "team-ads", isArchived: false },
];

async function apply(
  listChannels: () => Promise<readonly KnownChannel[]>,
  text = DOCUMENT,
): ReturnType<typeof applyGovernance> {
  return await applyGovernance(
    {
      database: db.pool,
      clock: fixedClock("2026-11-23T10:00:00Z"),
      appliers,
      channels: { listChannels },
    },
    { text, appliedBy: "test" },
  );
}

test("a file that names an archived channel is refused; once in force, it is at every start", async () => {
  const start = async (channels: readonly KnownChannel[], text = DOCUMENT) =>
    await applyGovernanceFile(
      {
        database: db.pool,
        clock: fixedClock("2026-11-23T10:00:00Z"),
        appliers,
        channels: { listChannels: async () => await Promise.resolve(channels) },
      },
      { text, appliedBy: "GOVERNANCE_FILE", isOnlyWay: false },
    );
  const archived = CHANNELS.map((channel) => ({ ...channel, isArchived: true }));

  expect(await start(archived)).toMatchObject({
    kind: "refused",
    problems: [{ message: expect.stringContaining("is archived") as unknown }, {}, {}],
  });
  expect(await start(CHANNELS)).toMatchObject({ kind: "applied", version: 1 });
  expect(await start(archived)).toEqual({ kind: "unchanged", version: 1 });
  expect(await start(archived, `${DOCUMENT}# more\n`)).toMatchObject({ kind: "refused" });
});

describe("the channels of a document", () => {
  test("are of the first of several workspaces, unless it names another", async () => {
    const placed: readonly KnownChannel[] = [
      {
        channelId: "T0FIRST000/C0FINOPS00",
        bareId: "C0FINOPS00",
        name: "finops",
        isArchived: false,
      },
      {
        channelId: "T0FIRST000/C0SEARCH00",
        bareId: "C0SEARCH00",
        name: "search",
        isArchived: false,
      },
      { channelId: "T0OTHER000/C0ADS00000", name: "T0OTHER000/#team-ads", isArchived: false },
    ];
    const listChannels = async () => await Promise.resolve(placed);
    const text = DOCUMENT.replace("#team-ads", "T0OTHER000/#team-ads");
    expect(await apply(listChannels, text)).toMatchObject({ kind: "applied", warnings: [] });
    expect(await apply(listChannels)).toMatchObject({
      kind: "refused",
      problems: [{ message: expect.stringContaining("there is no #team-ads") as unknown }],
    });
  });

  test("are found by name or id", async () => {
    expect(await apply(async () => await Promise.resolve(CHANNELS))).toMatchObject({
      kind: "applied",
      warnings: [],
    });
  });

  test("that the bot can't see are refused at their line, with what to do", async () => {
    const outcome = await apply(
      async () =>
        await Promise.resolve([
          { channelId: "C0SEARCH00", name: "team-search", isArchived: true },
          { channelId: "C0ADS00000", name: "ads", isArchived: false },
          { channelId: "C0FINOPS00", name: "finops", isArchived: false },
        ]),
    );

    expect(outcome).toEqual({
      kind: "refused",
      problems: [
        {
          line: 4,
          column: 14,
          field: "teams.search.channel",
          message: "expected a channel in use; C0SEARCH00 is archived",
        },
        {
          line: 6,
          column: 16,
          field: "digests[0].channel",
          message:
            "expected a channel that the bot can see; there is no #team-ads: create it or correct the name, and invite the bot if it is private",
        },
      ],
    });
    const { rows } = await db.pool.query("select from governance_documents");
    expect(rows).toEqual([]);
  });

  test("are a warning while Slack does not say", async () => {
    const away = async (): Promise<never> =>
      await Promise.reject(new AppError({ code: "unavailable", message: "Slack is away." }));

    expect(await apply(away)).toMatchObject({
      kind: "applied",
      warnings: [expect.stringMatching(/^The channels were not checked: Slack is away\./)],
    });
  });
});
