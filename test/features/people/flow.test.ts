/** A name becomes somebody's only when whoever has it, or an admin, says so. */
import { beforeEach, describe, expect, test } from "vitest";
import { type Email, emailFrom } from "../../../src/domain/email.ts";
import { type ExternalIdentity, parseIdentity } from "../../../src/domain/identity.ts";
import { addMs, DAY_MS, type Instant, instant } from "../../../src/domain/time.ts";
import {
  claimName,
  confirmClaim,
  linkKnownNames,
  linkPerson,
  listLinks,
  unlinkPerson,
} from "../../../src/features/people/flow.ts";
import { peopleListeners } from "../../../src/features/people/slack.ts";
import { useDatabase } from "../../support/database.ts";
import { recordingWeb } from "../../support/recording-web.ts";

const db = useDatabase();
const ANA = emailFrom("ana@acme.test");
const BO = emailFrom("bo@acme.test");
const NOW = instant("2026-11-23T10:00:00Z");
let now: Instant = NOW;
const deps = () => ({ database: db.pool, clock: () => now });

function identity(text: string): ExternalIdentity {
  const parsed = parseIdentity(text);
  if (parsed === undefined) throw new Error(`no identity: ${text}`);
  return parsed;
}

async function claim(text: string, person = BO, slackEmail?: Email) {
  return await claimName(deps(), { identity: identity(text), person, slackEmail });
}

async function asked(): Promise<readonly { claimId: string; destination: string }[]> {
  const { rows } = await db.pool.query<{ dedupe_key: string; destination: string }>(
    `select o.dedupe_key, o.destination from outbox_messages o order by o.outbox_message_id`,
  );
  return rows.map((row) => ({
    claimId: row.dedupe_key.slice("identity-claim:".length),
    destination: row.destination,
  }));
}

async function linked(person = BO): Promise<readonly string[]> {
  const links = await listLinks(deps(), person);
  return links
    .filter(({ until }) => until === undefined)
    .map(({ kind, externalId, verifiedBy }) => `${kind}:${externalId} by ${verifiedBy}`);
}

beforeEach(async () => {
  now = NOW;
  await db.pool.query(
    `truncate person_identities, identity_claims, outbox_messages, synced_users, slack_users`,
  );
  await db.pool.query(
    `insert into synced_users (user_id, email, name, seen_at) values
       ('user_bo', 'bo@acme.test', 'Bo', now()), ('user_ana', 'ana@acme.test', 'Ana', now());
     insert into slack_users (slack_user_id, email, display_name, seen_at) values
       ('U2', 'bo@acme.test', 'bo', now())`,
  );
});

describe("names that Slack and Anthropic know somebody by", () => {
  test("are linked once, each with who said so", async () => {
    expect(await linkKnownNames(deps(), BO)).toBe(2);
    expect(await linkKnownNames(deps(), BO)).toBe(0);
    expect(await linked()).toEqual([
      "anthropic_user:user_bo by anthropic",
      "slack_user:U2 by slack",
    ]);
  });

  test("that are somebody else's already stay theirs", async () => {
    await linkPerson(deps(), {
      identity: identity("slack_user:U2"),
      person: ANA,
      from: undefined,
      actor: "dana",
    });

    expect(await linkKnownNames(deps(), BO)).toBe(1);
    expect(await linked(ANA)).toEqual(["slack_user:U2 by admin"]);
  });
});

describe("a claim", () => {
  test("to one's own id at Anthropic needs nobody's word", async () => {
    expect(await claim("anthropic_user:user_bo")).toEqual({ kind: "verified", by: "anthropic" });
    expect(await linked()).toEqual(["anthropic_user:user_bo by anthropic"]);
  });

  test("to a Slack user counts by the profile that Slack has verified", async () => {
    expect(await claim("slack_user:U9", BO, BO)).toEqual({ kind: "verified", by: "slack" });
    expect(await claim("slack_user:U8", BO, ANA)).toEqual({ kind: "ask", confirmer: ANA });
  });

  test("to another address is asked there, once, and links nothing until it is confirmed", async () => {
    expect(await claim("email:Old@Acme.test")).toEqual({
      kind: "ask",
      confirmer: "old@acme.test",
    });
    await claim("email:old@acme.test");

    const [question, ...more] = await asked();
    expect(more).toEqual([]);
    expect(question?.destination).toBe("email:old@acme.test");
    expect(await linked()).toEqual([]);

    const claimId = question?.claimId ?? "";
    const byClaimant = await confirmClaim(deps(), { claimId, confirmer: BO, isConfirmed: true });
    expect(byClaimant).toEqual({ kind: "not-open" });
    const confirmer = emailFrom("old@acme.test");
    const clicks = await Promise.all(
      [1, 2].map(async () => await confirmClaim(deps(), { claimId, confirmer, isConfirmed: true })),
    );
    expect(clicks.map(({ kind }) => kind).toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      "linked",
      "not-open",
    ]);
    expect(await linked()).toEqual(["email:old@acme.test by confirmation"]);
  });

  test("that is declined, or comes too late, links nothing", async () => {
    await claim("anthropic_user:user_ana");
    await claim("email:old@acme.test");
    const [first, second] = await asked();

    const declined = { claimId: first?.claimId ?? "", confirmer: ANA, isConfirmed: false };
    expect(await confirmClaim(deps(), declined)).toMatchObject({ kind: "declined" });
    now = addMs(NOW, 8 * DAY_MS);
    const late = {
      claimId: second?.claimId ?? "",
      confirmer: emailFrom("old@acme.test"),
      isConfirmed: true,
    };
    expect(await confirmClaim(deps(), late)).toEqual({ kind: "not-open" });
    expect(await linked()).toEqual([]);
  });

  test("to somebody else's name, or to one that nobody can vouch for, is refused", async () => {
    await linkKnownNames(deps(), ANA);

    expect(await claim("anthropic_user:user_ana")).toEqual({ kind: "refused", reason: "taken" });
    expect(await claim("gateway_user:litellm/alice")).toEqual({
      kind: "refused",
      reason: "nobody-can-confirm",
    });
    expect(await claim("anthropic_user:user_unknown")).toMatchObject({ kind: "refused" });
    expect(await asked()).toEqual([]);
  });

  test("to one's own address changes nothing", async () => {
    expect(await claim("email:bo@acme.test")).toEqual({ kind: "already", person: BO });
    expect(await linked()).toEqual([]);
  });
});

describe("an admin's link", () => {
  const alice = identity("gateway_user:litellm/alice");
  const link = async (person: Email, from?: string) =>
    await linkPerson(deps(), {
      identity: alice,
      person,
      from: from === undefined ? undefined : instant(from),
      actor: "dana",
    });

  test("is refused where it would overlap another one, and taken after that one ended", async () => {
    await link(BO, "2026-11-01T00:00:00Z");

    expect(await link(ANA, "2026-11-20T00:00:00Z")).toEqual({ kind: "taken", by: BO });
    expect(await link(ANA)).toEqual({ kind: "taken", by: BO });
    const until = instant("2026-11-10T00:00:00Z");
    expect(await unlinkPerson(deps(), { identity: alice, until, actor: "dana" })).toBe(true);
    expect(await link(ANA, "2026-11-09T00:00:00Z")).toMatchObject({ kind: "taken" });
    expect(await link(ANA, "2026-11-10T00:00:00Z")).toEqual({ kind: "linked" });
  });

  test("can't end before it began", async () => {
    await link(BO, "2026-11-10T00:00:00Z");
    const until = instant("2026-11-10T00:00:00Z");

    expect(await unlinkPerson(deps(), { identity: alice, until, actor: "dana" })).toBe(false);
  });

  test("of one name by two admins at once is one link", async () => {
    const outcomes = await Promise.all([link(ANA), link(BO)]);

    expect(outcomes.map(({ kind }) => kind).toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      "linked",
      "taken",
    ]);
  });
});

test("in Slack somebody sees their names, claims one, and its owner agrees by a button", async () => {
  const listeners = peopleListeners({
    ...deps(),
    directory: {
      loadSlackUser: async (slackUserId) =>
        await Promise.resolve({ slackUserId, email: ANA, displayName: "ana", timeZone: undefined }),
    },
  });
  const said: string[] = [];
  const respond = async ({ text }: { readonly text: string }): Promise<void> => {
    said.push(text);
    await Promise.resolve();
  };
  const as = (email: Email | undefined) => ({
    actor: { slackUserId: "U1", slackTeamId: "T1", email },
    web: recordingWeb().web,
    triggerId: "t",
    respond,
  });
  const [command] = listeners.subcommands ?? [];
  const [confirm] = listeners.actions ?? [];

  await command?.run({ ...as(BO), text: "" });
  await command?.run({ ...as(BO), text: "<mailto:ana@acme.test|ana@acme.test>" });
  await command?.run({ ...as(BO), text: "email:<mailto:old@acme.test|old@acme.test>" });
  await command?.run({ ...as(undefined), text: "" });
  const [question] = await asked();
  await confirm?.run({ ...as(BO), value: question?.claimId ?? "", surface: "message" });
  await confirm?.run({ ...as(emailFrom("old@acme.test")), value: "no id", surface: "message" });
  await confirm?.run({
    ...as(emailFrom("old@acme.test")),
    value: question?.claimId ?? "",
    surface: "message",
  });

  expect(said).toEqual([
    expect.stringContaining("counts as bo@acme.test"),
    expect.stringContaining("I expected email:ADDRESS"),
    expect.stringContaining("I asked old@acme.test"),
    expect.stringContaining("doesn't tell me your e-mail"),
    expect.stringContaining("Nothing was changed"),
    expect.stringContaining("Nothing was changed"),
    expect.stringContaining("counts as bo@acme.test now"),
  ]);
});
