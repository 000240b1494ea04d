import { describe, expect, test } from "vitest";
import { emailFrom } from "../../../src/domain/email.ts";
import { timeZone } from "../../../src/domain/time.ts";
import {
  findPerson,
  listTeams,
  loadOrganization,
  type Organization,
  replaceOrganization,
} from "../../../src/features/organization/index.ts";
import { useDatabase } from "../../support/database.ts";
import { aTeam } from "../../support/organization-builders.ts";

const database = useDatabase();
const deps = {
  get database() {
    return database.pool;
  },
};
const ana = emailFrom("ana@acme.test");
const bo = emailFrom("bo@acme.test");
const dana = emailFrom("dana@acme.test");

const acme: Organization = {
  name: "Acme",
  timeZone: timeZone("Europe/Berlin"),
  weekStartsOn: "sunday",
  fiscalMonthStartsOn: 1,
  fiscalYearStartsIn: 1,
  finopsChannel: "#finops",
  admins: [dana],
  finance: [emailFrom("fay@acme.test")],
};
const search = aTeam({
  key: "search",
  name: "Search",
  channel: "#team-search",
  costCenter: "CC-100",
  owners: [ana],
  members: [bo],
  projects: ["checkout", "ranking"],
});

test("before any governance the organization has a name, UTC, and nobody in it", async () => {
  expect(await loadOrganization(deps)).toEqual({
    name: "Organization",
    timeZone: "UTC",
    weekStartsOn: "monday",
    fiscalMonthStartsOn: 1,
    fiscalYearStartsIn: 1,
    admins: [],
  });
  expect(await listTeams(deps)).toEqual([]);
});

test("organization and teams come back as they were stored", async () => {
  const ads = aTeam({ key: "ads", name: "Ads" });

  await replaceOrganization(database.pool, { organization: acme, teams: [search, ads] });

  expect(await loadOrganization(deps)).toEqual(acme);
  expect(await listTeams(deps)).toEqual([ads, search]);
});

test("what is not named any more is gone", async () => {
  await replaceOrganization(database.pool, { organization: acme, teams: [search] });
  const { finopsChannel: _, ...withoutChannel } = acme;
  const moved = aTeam({ key: "ads", name: "Ads", projects: ["checkout"] });

  await replaceOrganization(database.pool, {
    organization: { ...withoutChannel, admins: [] },
    teams: [moved],
  });

  expect(await loadOrganization(deps)).toEqual({ ...withoutChannel, admins: [] });
  expect(await listTeams(deps)).toEqual([moved]);
});

describe("a person", () => {
  test.each([
    ["dana@acme.test", { isAdmin: true, ownedTeams: [], memberTeams: [] }],
    ["ana@acme.test", { isAdmin: false, ownedTeams: ["search"], memberTeams: [] }],
    ["bo@acme.test", { isAdmin: false, ownedTeams: [], memberTeams: ["ads", "search"] }],
    ["fay@acme.test", { isAdmin: false, isFinance: true, ownedTeams: [], memberTeams: [] }],
    ["eve@acme.test", { isAdmin: false, ownedTeams: [], memberTeams: [] }],
  ])("%s: %j", async (address, authority) => {
    const email = emailFrom(address);
    const ads = aTeam({ key: "ads", name: "Ads", members: [bo] });
    await replaceOrganization(database.pool, { organization: acme, teams: [search, ads] });

    expect(await findPerson(deps, email)).toEqual({ email, ...authority });
  });
});
