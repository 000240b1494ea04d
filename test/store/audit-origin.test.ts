/** Each edge says once from where a change comes. */
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { createHttpServer } from "../../src/http/server.ts";
import { createWorkplace } from "../../src/slack/work.ts";
import { type AuditOrigin, currentAuditOrigin } from "../../src/store/audit-origin.ts";
import { fixedClock } from "../support/clock.ts";

const log = pino({ level: "silent" });

describe("the origin of a change", () => {
  test("made in Slack is the message, and ends with the work", async () => {
    const workplace = createWorkplace({
      workspaces: { admit: async () => await Promise.resolve() },
      directory: {
        noteUse: async () => await Promise.resolve(),
        loadSlackUser: async (slackUserId) =>
          await Promise.resolve({
            slackUserId,
            email: undefined,
            displayName: "Ana",
            timeZone: undefined,
          }),
      },
      clock: fixedClock("2026-11-23T10:00:00Z"),
      log,
    });
    let seen: AuditOrigin | undefined;
    await workplace.run({
      name: "action approval_approve",
      slackUserId: "U1",
      slackTeamId: "T1",
      installedAt: { slackTeamId: "T1" },
      place: { channel: "D1", message_ts: "1.2" },
      tell: async () => await Promise.resolve(),
      run: async () => {
        await Promise.resolve();
        seen = currentAuditOrigin();
      },
    });

    expect(seen).toEqual({
      via: "slack",
      surface: "action approval_approve",
      slack_user_id: "U1",
      slack_team_id: "T1",
      channel: "D1",
      message_ts: "1.2",
    });
    expect(currentAuditOrigin()).toBeUndefined();
  });

  test("made by the API is the route and the token's fingerprint, also after a body was read", async () => {
    const app = createHttpServer({ log, mounts: [] });
    app.put("/thing/:id", async () => await Promise.resolve(currentAuditOrigin()));
    app.post("/usage", async () => await Promise.resolve({ origin: currentAuditOrigin() ?? null }));
    const headers = { authorization: "Bearer a-secret-token", "content-type": "text/yaml" };

    const put = await app.inject({ method: "PUT", url: "/thing/1", headers, payload: "a: 1" });
    const post = await app.inject({ method: "POST", url: "/usage", headers, payload: "{}" });

    expect(put.json()).toMatchObject({ via: "api", route: "PUT /thing/:id" });
    expect(put.body).toMatch(/"token":"[0-9a-f]{12}"/);
    expect(put.body).not.toContain("a-secret-token");
    expect(post.json()).toEqual({ origin: null });
    await app.close();
  });
});
