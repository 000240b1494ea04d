/** Edits against a real database: one path, who may, two at once, the history, and the file. */
import { beforeEach, describe, expect, test } from "vitest";
import { governanceAppliers } from "../../../src/app/appliers.ts";
import { emailFrom } from "../../../src/domain/email.ts";
import { applyGovernanceFile } from "../../../src/features/governance/flow/apply-file.ts";
import {
  type EditOutcome,
  editGovernance,
} from "../../../src/features/governance/flow/edit-governance.ts";
import {
  diffGovernance,
  findGovernanceDocument,
  listGovernanceVersions,
  restoreGovernance,
} from "../../../src/features/governance/flow/history.ts";
import { applyGovernance } from "../../../src/features/governance/index.ts";
import type { GovernanceEdit } from "../../../src/features/governance/rules/edits.ts";
import { findPerson, listTeams } from "../../../src/features/organization/index.ts";
import { listAudit } from "../../../src/store/audit.ts";
import { withAuditOrigin } from "../../../src/store/audit-origin.ts";
import { fixedClock } from "../../support/clock.ts";
import { useDatabase } from "../../support/database.ts";

const BASE = `# Ours
organization: { name: Acme, admins: [dana@acme.test] }
teams:
  search: { name: Search, owners: [ana@acme.test], members: [bo@acme.test], projects: [checkout] } # first
budgets:
  - { key: checkout, scope: "project:checkout", limit: "100.00", period: monthly }
  - { key: search, scope: "team:search", limit: "500.00", period: monthly }
`;

const SEARCH = {
  kind: "put-team",
  key: "search",
  isNew: false,
  name: "Search",
  channel: undefined,
  owners: ["ana@acme.test"],
  members: ["bo@acme.test"],
  projects: ["checkout"],
} as const satisfies GovernanceEdit;

const db = useDatabase();
const clock = fixedClock("2026-11-23T10:00:00Z");
const deps = () => ({ database: db.pool, clock, appliers: governanceAppliers });

async function edit(
  actor: string,
  version: number,
  ...edits: readonly GovernanceEdit[]
): Promise<EditOutcome> {
  return await editGovernance(deps(), { edits, version, actor: { email: actor } });
}

async function put(text: string): Promise<void> {
  const outcome = await applyGovernance(deps(), { text, appliedBy: "api" });
  if (outcome.kind === "refused") throw new Error(JSON.stringify(outcome.problems));
}

async function file(text: string, isOnlyWay = false) {
  return await applyGovernanceFile(deps(), { text, appliedBy: "GOVERNANCE_FILE", isOnlyWay });
}

const textInForce = async () => (await findGovernanceDocument(deps()))?.text;

beforeEach(async () => {
  await db.pool.query(
    `truncate governance_documents, governance_file, audit_entries, admins, teams, team_members,
              projects, budgets, digest_rules cascade`,
  );
});

describe("an edit", () => {
  beforeEach(async () => await put(BASE));

  test("goes the way of every document: checked, in force, audited, with who and from where", async () => {
    const origin = {
      via: "slack",
      surface: "view setup_team",
      slack_user_id: "U01DANAKIM0",
      slack_team_id: "T1",
    } as const;
    const outcome = await withAuditOrigin(
      origin,
      async () => await edit("dana@acme.test", 1, { ...SEARCH, members: ["cleo@acme.test"] }),
    );

    const changes = ["team search: members bo@acme.test → cleo@acme.test"];
    expect(outcome).toEqual({ kind: "applied", version: 2, changes, warnings: [] });
    expect(await findPerson({ database: db.pool }, emailFrom("cleo@acme.test"))).toMatchObject({
      memberTeams: ["search"],
    });
    expect((await listAudit(db.pool, "governance")).at(-1)).toMatchObject({
      actor: "dana@acme.test",
      after: { version: 2, changes },
    });
    const { versions } = await listGovernanceVersions(deps(), { limit: 1 });
    expect(versions[0]).toMatchObject({ version: 2, appliedBy: "dana@acme.test", origin, changes });
    expect(await textInForce()).toMatch(/^# Ours\n[^]*# first\n/);
  });

  test("that does not fit is refused with what was expected, and changes nothing", async () => {
    const outcome = await edit("dana@acme.test", 1, { kind: "remove-team", key: "search" });

    expect(outcome).toMatchObject({
      kind: "refused",
      problems: expect.arrayContaining([
        expect.objectContaining({ message: expect.stringContaining("team:search") as string }),
      ]) as unknown,
    });
    expect(await textInForce()).toBe(BASE);
  });

  test.each<[string, string, GovernanceEdit, EditOutcome["kind"]]>([
    ["an owner their members", "ana@acme.test", { ...SEARCH, members: [] }, "applied"],
    ["no owner the owners", "ana@acme.test", { ...SEARCH, owners: ["bo@acme.test"] }, "forbidden"],
    ["no owner the projects", "ana@acme.test", { ...SEARCH, projects: [] }, "forbidden"],
    ["no owner a new team", "ana@acme.test", { ...SEARCH, key: "x", isNew: true }, "forbidden"],
    [
      "an owner a project's budget",
      "ana@acme.test",
      aBudget("checkout", "project:checkout"),
      "applied",
    ],
    ["no owner the team's budget", "ana@acme.test", aBudget("search", "team:search"), "forbidden"],
    [
      "no owner a budget by renaming its scope",
      "ana@acme.test",
      aBudget("search", "project:checkout"),
      "forbidden",
    ],
    [
      "no owner to be admin",
      "ana@acme.test",
      { kind: "add-admin", email: "ana@acme.test" },
      "forbidden",
    ],
    ["no member anything", "bo@acme.test", { ...SEARCH, members: [] }, "forbidden"],
    [
      "no stranger anything",
      "x@acme.test",
      { kind: "remove-budget", key: "checkout" },
      "forbidden",
    ],
  ])("lets %s", async (_what, actor, change, kind) => {
    expect((await edit(actor, 1, change)).kind).toBe(kind);
  });

  test("of something that somebody else changed meanwhile is told who and what, and undoes nothing", async () => {
    await edit("dana@acme.test", 1, { ...SEARCH, name: "Find" });

    const outcome = await edit("ana@acme.test", 1, { ...SEARCH, members: [] });

    expect(outcome).toMatchObject({
      kind: "overtaken",
      version: 2,
      since: [{ appliedBy: "dana@acme.test", changes: ["team search: name Search → Find"] }],
    });
    expect((await listTeams({ database: db.pool }))[0]?.name).toBe("Find");
  });

  test("takes out nothing by a place where another rule stands by now, and says so", async () => {
    const rule = (upTo: string) => `{ up_to: "${upTo}", approvers: [team_owners] }`;
    await put(
      `${BASE}approvals: [${rule("100.00")}, ${rule("200.00")}, { approvers: [admins] }]\n`,
    );
    expect((await edit("dana@acme.test", 2, { kind: "remove-approval", index: 0 })).kind).toBe(
      "applied",
    );

    const outcome = await edit("dana@acme.test", 2, { kind: "remove-approval", index: 1 });

    expect(outcome).toMatchObject({ kind: "overtaken", version: 3 });
    expect(await textInForce()).toContain('"200.00"');
  });

  test("tells who is no admin only what was changed in what they change", async () => {
    await put(
      BASE.replace("name: Search", "name: Find").replace('"500.00"', '"777.77"') +
        `approvals: [{ approvers: [admins] }]\n`,
    );
    await edit("dana@acme.test", 2, aBudget("search", "team:search"));

    const since = async (actor: string) => {
      const outcome = await edit(actor, 1, { ...SEARCH, members: [] });
      return outcome.kind === "overtaken" ? outcome.since.map(({ changes }) => changes) : outcome;
    };
    expect(await since("ana@acme.test")).toEqual([["team search: name Search → Find"]]);
    expect(JSON.stringify(await since("dana@acme.test"))).toMatch(/777\.77.*approval rules/s);
  });

  test("of something else is made beside it, and the same twice is one", async () => {
    const outcomes = await Promise.all([
      edit("dana@acme.test", 1, { ...SEARCH, key: "ads", isNew: true, projects: [] }),
      edit("dana@acme.test", 1, { ...SEARCH, key: "ads", isNew: true, projects: [] }),
      edit("dana@acme.test", 1, { kind: "add-admin", email: "finn@acme.test" }),
      edit("dana@acme.test", 1, aBudget("checkout", "project:checkout")),
    ]);

    expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual([
      "applied",
      "applied",
      "applied",
      "unchanged",
    ]);
    const text = await textInForce();
    expect(text).toContain("ads:");
    expect(text).toContain("finn@acme.test");
    expect(text).toContain('"7.00"');
  });

  test("is refused where only the file decides", async () => {
    const request = { edits: [SEARCH], version: 1, actor: { email: "dana@acme.test" } };

    expect(await editGovernance(deps(), { ...request, isFileOnly: true })).toEqual({
      kind: "file-only",
    });
  });
});

describe("where there is no admin", () => {
  const begin: readonly GovernanceEdit[] = [
    { kind: "set-organization", name: "Acme", timeZone: "UTC", finopsChannel: undefined },
  ];
  const first = async (email: string, mayEnter: boolean, edits = begin) =>
    await editGovernance(deps(), {
      edits: [...edits, { kind: "add-admin", email }],
      version: 0,
      actor: { email, mayBecomeAdmin: async () => await Promise.resolve(mayEnter) },
    });

  test("only who may enter begins, and becomes the admin with it", async () => {
    expect((await first("bo@acme.test", false)).kind).toBe("forbidden");
    expect((await edit("bo@acme.test", 0, ...begin)).kind).toBe("forbidden");
    expect((await first("dana@acme.test", true)).kind).toBe("applied");

    expect(await findPerson({ database: db.pool }, emailFrom("dana@acme.test"))).toMatchObject({
      isAdmin: true,
    });
    expect((await first("bo@acme.test", true)).kind).toBe("forbidden");
  });

  test("of two who begin at once one does", async () => {
    const outcomes = await Promise.all([
      first("dana@acme.test", true),
      first("bo@acme.test", true),
    ]);

    expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual(["applied", "forbidden"]);
  });
});

describe("the history", () => {
  beforeEach(async () => {
    await put(BASE);
    await edit("dana@acme.test", 1, { kind: "remove-budget", key: "checkout" });
  });

  test("leads back to an earlier version, which becomes the newest as it was written", async () => {
    const restored = await restoreGovernance(deps(), {
      version: 1,
      seen: 2,
      actorEmail: "dana@acme.test",
    });

    expect(restored).toMatchObject({
      kind: "applied",
      version: 3,
      changes: ["budget checkout: added"],
    });
    expect(await textInForce()).toBe(BASE);
    const { versions } = await listGovernanceVersions(deps(), { limit: 5 });
    expect(versions.map(({ version, restoredVersion }) => [version, restoredVersion])).toEqual([
      [3, 1],
      [2, undefined],
      [1, undefined],
    ]);
    expect(await diffGovernance(deps(), { from: 1, to: 3 })).toEqual([]);
    expect(await diffGovernance(deps(), { from: 1, to: 2 })).toEqual(["budget checkout: removed"]);
  });

  test.each([
    ["overtaken", { version: 1, seen: 1, actorEmail: "dana@acme.test" }],
    ["forbidden", { version: 1, seen: 2, actorEmail: "ana@acme.test" }],
    ["unknown", { version: 9, seen: 2, actorEmail: "dana@acme.test" }],
    ["unchanged", { version: 2, seen: 2, actorEmail: "dana@acme.test" }],
  ])("refuses to go back: %s", async (kind, request) => {
    expect((await restoreGovernance(deps(), request)).kind).toBe(kind);
    expect((await findGovernanceDocument(deps()))?.version).toBe(2);
  });

  test("a PUT that was made from another version is not applied", async () => {
    const text = BASE.replace("Acme", "Other");

    expect(await applyGovernance(deps(), { text, appliedBy: "api", onlyAfter: 1 })).toEqual({
      kind: "overtaken",
      version: 2,
    });
  });
});

describe("the governance file", () => {
  const CHANGED = BASE.replace("500.00", "900.00");

  test("is applied at first, and says nothing new at the next start", async () => {
    expect((await file(BASE)).kind).toBe("applied");
    expect((await file(BASE)).kind).toBe("unchanged");
    expect((await file(CHANGED)).kind).toBe("applied");
    expect((await listGovernanceVersions(deps(), { limit: 1 })).versions[0]?.origin).toEqual({
      via: "file",
    });
  });

  test("that did not change undoes nothing of Slack", async () => {
    await file(BASE);
    await edit("dana@acme.test", 1, { ...SEARCH, members: [] });

    expect(await file(BASE)).toMatchObject({
      kind: "kept",
      since: [{ appliedBy: "dana@acme.test" }],
    });
    expect((await findGovernanceDocument(deps()))?.version).toBe(2);
  });

  test("that changed and would undo something is refused with what, and by whom", async () => {
    await file(BASE);
    await edit("dana@acme.test", 1, { ...SEARCH, members: [] });

    expect(await file(CHANGED)).toMatchObject({
      kind: "would-undo",
      lost: ["team search: members bo@acme.test → none"],
      since: [{ appliedBy: "dana@acme.test" }],
    });
    expect((await findGovernanceDocument(deps()))?.version).toBe(2);
  });

  test("that was brought up to date and changed then is applied", async () => {
    await file(BASE);
    await edit("dana@acme.test", 1, { ...SEARCH, members: [] });
    const shown = (await textInForce()) ?? "";

    expect((await file(shown.replace("500.00", "900.00"))).kind).toBe("applied");
  });

  test.each<[string, GovernanceEdit, string]>([
    ["a new team", { ...SEARCH, key: "ads", isNew: true, projects: [] }, "team ads: added"],
    ["a removed budget", { kind: "remove-budget", key: "checkout" }, "budget checkout: removed"],
    [
      "a list",
      {
        kind: "put-approval",
        index: undefined,
        upTo: undefined,
        approvers: ["admins"],
        quorum: 1,
        expiresIn: undefined,
      },
      "approval rules: 0 → 1, changed",
    ],
  ])("is refused where it would undo %s", async (_what, change, line) => {
    await file(BASE);
    await edit("dana@acme.test", 1, change);

    expect(await file(CHANGED)).toMatchObject({ kind: "would-undo", lost: [line] });
  });

  test("that never was in force does not replace what was decided without it", async () => {
    await put(BASE);

    expect(await file("organization: { name: Acme }")).toMatchObject({
      kind: "would-undo",
      lost: expect.arrayContaining(["team search: added"]) as unknown,
    });
    expect((await file(`${BASE}# the same, and more\n`)).kind).toBe("applied");
  });

  test("as it was before this was kept counts as seen", async () => {
    await applyGovernance(deps(), { text: BASE, appliedBy: "GOVERNANCE_FILE" });
    await edit("dana@acme.test", 1, { ...SEARCH, members: [] });

    expect((await file(BASE)).kind).toBe("kept");
  });

  test("replaces everything where only it decides", async () => {
    await file(BASE);
    await edit("dana@acme.test", 1, { ...SEARCH, members: [] });

    expect((await file(BASE, true)).kind).toBe("applied");
    expect(await textInForce()).toBe(BASE);
  });

  test("of two replicas that start at once is applied once", async () => {
    const kinds = (await Promise.all([file(BASE), file(BASE), file(BASE)])).map(({ kind }) => kind);

    expect(kinds.toSorted()).toEqual(["applied", "unchanged", "unchanged"]);
  });

  test("with a problem is refused as ever", async () => {
    expect((await file("organization: {}")).kind).toBe("refused");
  });
});

function aBudget(key: string, scope: string): GovernanceEdit {
  return {
    kind: "put-budget",
    key,
    isNew: false,
    scope,
    limit: "7.00",
    period: "monthly",
    thresholds: [50],
    forecastThresholds: [],
  };
}
