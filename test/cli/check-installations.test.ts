import { describe, expect, test } from "vitest";
import { checkInstallations } from "../../src/cli/check-slack.ts";
import { useDatabase } from "../support/database.ts";
import { FIRST, manySettings, SECOND, useManyWorkspaces } from "../support/fake-organization.ts";

const db = useDatabase();
const slack = useManyWorkspaces(db, {});

async function found(env: Readonly<Record<string, string>> = {}) {
  const settings = { ...manySettings(slack().organization), ...env };
  return await checkInstallations(db.pool, settings, slack().clock());
}

describe("doctor, of several workspaces", () => {
  test("says how the first one comes", async () => {
    expect(await found()).toMatchObject({ status: "warning" });
    expect((await found()).message).toContain("`claude-spend slack install-link`");
  });

  test("looks at each by its own token", async () => {
    await slack().install(FIRST);
    await slack().install(SECOND);

    expect(await found()).toEqual({
      status: "ok",
      message: "2 installed, token and scopes right",
    });
    const tests = slack()
      .organization.calls()
      .filter(({ method }) => method === "auth.test");
    expect(new Set(tests.map(({ slackTeamId }) => slackTeamId))).toEqual(new Set([FIRST, SECOND]));
  });

  test("names the one whose token is refused, and the one that is gone, and what to do", async () => {
    await slack().install(FIRST);
    await slack().install(SECOND);
    await slack().organization.uninstall(SECOND, { isTold: false });
    const refused = await found();
    expect(refused).toMatchObject({ status: "failed" });
    expect(refused.message).toMatch(/^Acme Labs \(T02ACMELABS\): .*token_revoked.*install-link/);

    await slack().organization.tell(SECOND, { type: "app_uninstalled" });
    await expect.poll(async () => (await found()).status).toBe("warning");
    expect((await found()).message).toMatch(/Acme Labs \(T02ACMELABS\): removed the bot at 20/);
  });

  test("says that the key is another than the one that sealed the tokens", async () => {
    await slack().install(FIRST);
    const SECRETS_KEY = Buffer.alloc(32, "another-key").toString("base64");
    expect((await found({ SECRETS_KEY })).message).toMatch(
      /^Acme \(T01ACMECORP\): The token of T01ACMECORP can't be read: SECRETS_KEY/,
    );
  });
});
