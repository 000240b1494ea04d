import { describe, expect, test } from "vitest";
import { openSealed } from "../../src/store/sealed-text.ts";
import { useDatabase } from "../support/database.ts";
import { buttonOf, FIRST, SECOND, useManyWorkspaces } from "../support/fake-organization.ts";
import { PEOPLE } from "../support/fake-slack.ts";

const db = useDatabase();
const slack = useManyWorkspaces(db, {});

interface Row {
  readonly slack_installation_id: string;
  readonly name: string;
  readonly bot_token: Buffer | null;
  readonly revoked_because: string | null;
}

async function rows(): Promise<readonly Row[]> {
  const found = await db.pool.query<Row>(
    `select slack_installation_id, name, bot_token, revoked_because from slack_installations
      order by first_installed_at`,
  );
  return found.rows;
}

describe("an installation", () => {
  test("begins with a link, goes over Slack's page and ends with a sealed token", async () => {
    const page = await slack().visit(`/slack/install?link=${await slack().newLink()}`);
    expect(page).toMatchObject({ status: 200 });
    expect(page.headers.get("location")).toBeNull();
    expect(page.headers.get("cache-control")).toBe("no-store");
    expect(page.headers.get("set-cookie")).toMatch(/HttpOnly; Secure; SameSite=Lax$/);

    const last = await slack().install(FIRST);

    expect(last).toMatchObject({ status: 200 });
    expect(last.html).toContain("Claude Spend is in Acme");
    const [row] = await rows();
    expect(row).toMatchObject({ slack_installation_id: FIRST, name: "Acme" });
    const sealed = row?.bot_token ?? Buffer.alloc(0);
    expect(sealed.toString("latin1")).not.toContain("xoxb");
    const key = Buffer.alloc(32, "sealing-key");
    expect(openSealed(sealed, { key, boundTo: FIRST })).toMatch(/^xoxb-T01ACMECORP-/);
    expect(() => openSealed(sealed, { key, boundTo: SECOND })).toThrow(/authenticate/);
    expect(() => openSealed(sealed, { key: Buffer.alloc(32, "x"), boundTo: FIRST })).toThrow(
      /authenticate/,
    );
  });

  test("stands in the audit trail, with who made the link", async () => {
    await slack().install(FIRST);

    const { rows: entries } = await db.pool.query<{ action: string; actor: string }>(
      `select action, actor from audit_entries where subject in ('slack:any', $1) order by audit_entry_id desc limit 2`,
      [`slack:${FIRST}`],
    );
    expect(entries).toEqual([
      { action: "slack.installed", actor: "dana" },
      { action: "slack.install_link_made", actor: "dana" },
    ]);
  });

  test("asks Slack for what the code uses", async () => {
    const page = await slack().visit(`/slack/install?link=${await slack().newLink()}`);
    const asked = new URL(buttonOf(page)).searchParams;
    expect(asked.get("scope")?.split(",")).toEqual(
      expect.arrayContaining(["chat:write", "users:read.email", "im:history"]),
    );
  });

  test("goes over a page on which Slack asks which workspace, for a browser", async () => {
    const page = await slack().visit(`/slack/install?link=${await slack().newLink()}`);
    const choice = await (await fetch(buttonOf(page))).text();
    expect(choice).toContain("Claude Spend is requesting permission");
    const [, allowed = ""] = /Acme Labs <a href="([^"]+)">Allow/.exec(choice) ?? [];
    const target = new URL(allowed.replaceAll("&amp;", "&"));
    expect(await slack().visit(target.pathname + target.search, page.cookie)).toMatchObject({
      status: 200,
    });
    expect(await rows()).toMatchObject([{ slack_installation_id: SECOND }]);

    const other = new URL(buttonOf(page));
    other.searchParams.set("client_id", "another");
    expect((await fetch(other)).status).toBe(400);
  });

  test("whose page is only looked at uses nothing up, as previews of links do", async () => {
    const link = await slack().newLink();
    await slack().visit(`/slack/install?link=${link}`);
    await slack().visit(`/slack/install?link=${link}`);
    expect(await slack().install(FIRST, link)).toMatchObject({ status: 200 });
  });
});

describe("nothing is installed", () => {
  test.each([
    ["without a link", "/slack/install", /link from whoever runs it/],
    [
      "with one that nobody made",
      "/slack/install?link=guessed",
      /used already, or its day is over/,
    ],
  ])("%s: the page has no button", async (_name, path, said) => {
    const page = await slack().visit(path);
    expect(page).toMatchObject({ status: 403, cookie: "" });
    expect(page.html).toMatch(said);
    expect(buttonOf(page)).toBe("");
  });

  test("with a link that was used", async () => {
    const link = await slack().newLink();
    await slack().install(FIRST, link);
    expect(await slack().visit(`/slack/install?link=${link}`)).toMatchObject({ status: 403 });
  });

  test("with a link whose day is over", async () => {
    const link = await slack().newLink();
    slack().pass(24 * 3_600_000);
    expect(await slack().visit(`/slack/install?link=${link}`)).toMatchObject({ status: 403 });
  });

  test("by two browsers with one link: the second is refused, and its code is not exchanged", async () => {
    const link = await slack().newLink();
    const pages = await Promise.all(
      [1, 2].map(async () => await slack().visit(`/slack/install?link=${link}`)),
    );
    const targets = pages.map((page, index) => ({
      path: slack().organization.allow(buttonOf(page), [FIRST, SECOND][index] ?? ""),
      cookie: page.cookie,
    }));

    const ends = await Promise.all(
      targets.map(
        async ({ path, cookie }) =>
          await slack().visit(new URL(path).pathname + new URL(path).search, cookie),
      ),
    );

    expect(new Set(ends.map(({ status }) => status))).toEqual(new Set([200, 403]));
    expect(await rows()).toHaveLength(1);
    const exchanges = slack()
      .organization.calls()
      .filter(({ method }) => method === "oauth.v2.access");
    expect(exchanges).toHaveLength(1);
  });

  async function sentBack(): Promise<{ readonly path: string; readonly cookie: string }> {
    const page = await slack().visit(`/slack/install?link=${await slack().newLink()}`);
    const target = new URL(slack().organization.allow(buttonOf(page), FIRST));
    return { path: target.pathname + target.search, cookie: page.cookie };
  }

  test("in another browser than the one that began", async () => {
    const { path } = await sentBack();
    expect(await slack().visit(path)).toMatchObject({ status: 400 });
    expect(await slack().visit(path, "claude-spend-install=other")).toMatchObject({ status: 400 });
    expect(await rows()).toEqual([]);
  });

  test("after ten minutes", async () => {
    const { path, cookie } = await sentBack();
    slack().pass(600_000);
    expect(await slack().visit(path, cookie)).toMatchObject({ status: 400 });
  });

  test.each([
    ["changed", (state: string) => `x${state}`],
    ["signed with nothing", (state: string) => `${state.split(".")[0] ?? ""}.`],
    ["absent", () => ""],
  ])("with a state that is %s", async (_name, change) => {
    const { path, cookie } = await sentBack();
    const url = new URL(path, "http://bot");
    url.searchParams.set("state", change(url.searchParams.get("state") ?? ""));
    const end = await slack().visit(url.pathname + url.search, cookie);
    expect(end).toMatchObject({ status: 400 });
    expect(slack().organization.calls()).toEqual([]);
  });

  test("with a code that Slack does not know; the link still works", async () => {
    const { path, cookie } = await sentBack();
    const url = new URL(path, "http://bot");
    url.searchParams.set("code", "another");
    const end = await slack().visit(url.pathname + url.search, cookie);
    expect(end.html).toContain("invalid_code");
    expect(await slack().visit(path, cookie)).toMatchObject({ status: 200 });
  });

  test("when somebody says no on Slack's page; the link still works", async () => {
    const link = await slack().newLink();
    const page = await slack().visit(`/slack/install?link=${link}`);
    const target = new URL(slack().organization.deny(buttonOf(page)));
    const end = await slack().visit(target.pathname + target.search, page.cookie);
    expect(end).toMatchObject({ status: 400 });
    expect(end.html).toContain("did not allow it at Slack");
    expect(await slack().install(FIRST, link)).toMatchObject({ status: 200 });
  });

  test("in another workspace than the link is for; the token is given back", async () => {
    const link = await slack().newLink(FIRST);
    const end = await slack().install(SECOND, link);
    expect(end).toMatchObject({ status: 403 });
    expect(end.html).toContain(`This link is for ${FIRST}, and Acme Labs is ${SECOND}`);
    expect(await rows()).toEqual([]);
    expect(slack().organization.calls().at(-1)).toMatchObject({ method: "auth.revoke" });
    expect(await slack().install(FIRST, link)).toMatchObject({ status: 200 });
  });

  test("by a link for another workspace: one that has the bot goes on having it", async () => {
    await slack().install(FIRST);
    const end = await slack().install(FIRST, await slack().newLink(SECOND));

    expect(end).toMatchObject({ status: 403 });
    // Slack gives a workspace the same token each time.
    expect(slack().organization.calls()).not.toContainEqual(
      expect.objectContaining({ method: "auth.revoke" }),
    );
    await expect(slack().web.loadUser(`${FIRST}/${PEOPLE.bo}`)).resolves.toMatchObject({
      email: "bo@acme.test",
    });
  });

  test("by anything but looking at a page", async () => {
    const posted = await fetch(`${slack().url}/slack/install?link=x`, { method: "POST" });
    expect(posted.status).toBe(405);
  });
});

describe("a workspace that removes the bot", () => {
  test("loses its token, once, however often Slack says so", async () => {
    await slack().install(FIRST);
    await slack().install(SECOND);

    await slack().organization.uninstall(SECOND);
    await expect.poll(rows).toMatchObject([
      { slack_installation_id: FIRST, revoked_because: null },
      { slack_installation_id: SECOND, bot_token: null, revoked_because: "tokens_revoked" },
    ]);
    await slack().organization.tell(SECOND, { type: "app_uninstalled" }, { attempt: 1 });

    const { rows: told } = await db.pool.query(
      `select 1 from audit_entries where action = 'slack.uninstalled' and subject = $1`,
      [`slack:${SECOND}`],
    );
    expect(told).toHaveLength(1);
  });

  test("and comes back has a new token, which what Slack says late of the old one leaves alone", async () => {
    await slack().install(FIRST);
    await slack().organization.uninstall(FIRST);
    await expect.poll(rows).toMatchObject([{ bot_token: null }]);
    slack().pass(5_000);

    await slack().install(FIRST);
    await slack().organization.tell(
      FIRST,
      { type: "app_uninstalled" },
      { attempt: 2, secondsAgo: 4 },
    );
    // What is said now is heard: so the late one was, too.
    await slack().organization.tell(SECOND, { type: "app_uninstalled" });

    await expect.poll(rows).toMatchObject([{ name: "Acme", revoked_because: null }]);
    expect((await rows())[0]?.bot_token).not.toBeNull();
  });

  test("is not one where only a person's token was revoked", async () => {
    await slack().install(FIRST);
    const tokens = { oauth: ["U02ANASILVA"], bot: [] };
    await slack().organization.tell(FIRST, { type: "tokens_revoked", tokens });
    await slack().organization.tell(SECOND, { type: "app_uninstalled" });
    expect(await rows()).toMatchObject([{ revoked_because: null }]);
  });
});
