import { beforeEach, describe, expect, test } from "vitest";
import { emailFrom } from "../../../src/domain/email.ts";
import { approvalListeners, slackApproverGroups } from "../../../src/features/approvals/slack.ts";
import type { Modal, SlackMessage } from "../../../src/slack/blocks.ts";
import type { ActionSurface, SlackActor, ViewValues } from "../../../src/slack/listener.ts";
import type { SlackWeb } from "../../../src/slack/web.ts";
import type { Database } from "../../../src/store/database.ts";
import { ANA, BO, DANA, EVE } from "../../support/approvals-builders.ts";
import { usd } from "../../support/builders.ts";
import { useDatabase } from "../../support/database.ts";
import {
  type Acme,
  acme,
  ask,
  aTier,
  everything,
  outbox,
  resetAcme,
  statusOf,
  usePolicies,
} from "./flow/setup.ts";

const db = useDatabase();
beforeEach(async () => {
  await resetAcme(db.pool);
});

function refuse(): never {
  throw new Error("not a call that approvals make");
}

/** Private answers that wait to be sent, taken out. */
async function answersInOutbox(database: Database): Promise<string[]> {
  const { rows } = await database.query<{ readonly line: string }>(
    `delete from outbox_messages m where m.dedupe_key like 'approval-answer:%'
     returning m.destination || ': ' || m.text as line`,
  );
  return rows.map(({ line }) => line);
}

/** Somebody at Slack: presses buttons, submits modals, and keeps what only they were shown. */
function slackPerson(deps: Acme, email: SlackActor["email"]) {
  const listeners = approvalListeners(deps);
  const actor: SlackActor = { slackUserId: "U1", slackTeamId: "T1", email };
  const answers: string[] = [];
  const views: Modal[] = [];
  const replaced: string[] = [];
  /* oxlint-disable typescript/require-await -- stands in for calls of Slack */
  const web: SlackWeb = {
    authTest: refuse,
    updateMessage: refuse,
    findMessage: refuse,
    findUserByEmail: refuse,
    loadUser: refuse,
    listUserGroupMembers: refuse,
    listUserGroups: refuse,
    listChannels: refuse,
    listPrivateMembers: refuse,
    publishHome: refuse,
    openDirectMessage: async (slackUserId) => `D-${slackUserId}`,
    postMessage: async ({ channel, text }) => {
      answers.push(`${channel}: ${text}`);
      return { channelId: channel, ts: "1.1" };
    },
    openView: async (_triggerId, view) => {
      views.push(view);
      return { viewId: "V1" };
    },
    updateView: async (_viewId, view) => {
      views.push(view);
    },
  };
  const respond = async (message: SlackMessage): Promise<void> => {
    answers.push(message.text);
  };
  const replace = async (message: SlackMessage): Promise<void> => {
    replaced.push(message.text);
  };
  /* oxlint-enable typescript/require-await */
  return {
    answers,
    views,
    /** What became of the messages whose buttons were pressed. */
    replaced,
    press: async (
      actionId: string,
      value: string,
      surface: ActionSurface = "message",
    ): Promise<void> => {
      const action = listeners.actions?.find((known) => known.actionId === actionId);
      const shown = surface === "message" ? replace : undefined;
      const triggerId = "trigger";
      await action?.run({ actor, web, value, surface, triggerId, respond, replace: shown });
    },
    /** Submits a modal as Slack does: `run` only when nothing is wrong. */
    submit: async (callbackId: string, values: ViewValues, privateMetadata: string) => {
      const view = listeners.views?.find((known) => known.callbackId === callbackId);
      const problems = view?.validate(values, deps.clock());
      if (Object.keys(problems ?? {}).length > 0) return problems;
      await view?.run({ actor, web, values, privateMetadata, viewId: "V1" });
      answers.push(...(await answersInOutbox(deps.database)));
      return {};
    },
  };
}

test("listens to every button and modal of its messages", () => {
  const { actions, views } = approvalListeners(acme(db.pool));

  expect(actions?.map(({ actionId }) => actionId)).toEqual([
    "approval_approve",
    "approval_withdraw",
    "approval_other_amount",
    "approval_ask",
    "approval_deny",
    "approval_revoke",
    "approval_answer",
  ]);
  expect(views?.map(({ callbackId }) => callbackId)).toEqual([
    "approval_other_amount",
    "approval_ask",
    "approval_deny",
    "approval_revoke",
    "approval_answer",
  ]);
});

describe("Approve and Withdraw", () => {
  test("Approve on the card decides without an answer: the card itself shows it", async () => {
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    const ana = slackPerson(deps, ANA);

    await ana.press("approval_approve", requestId);

    expect(deps.applied).toHaveLength(1);
    expect(ana.answers).toEqual([]);
    expect((await outbox(db.pool, ":card:ana@acme.test:decided"))[0]?.text).toContain(
      "Approved by ana@acme.test: $200.00.",
    );
  });

  test("Approve in App Home confirms privately", async () => {
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    const ana = slackPerson(deps, ANA);

    await ana.press("approval_approve", requestId, "home");

    expect(deps.applied).toHaveLength(1);
    expect(ana.answers).toEqual([
      "Approved: bo@acme.test gets $200.00 for Search, monthly budget.",
    ]);
  });

  test("an approval that waits for another one is on the card, and said in App Home", async () => {
    await usePolicies(db.pool, aTier({ quorum: 2 }));
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    const ana = slackPerson(deps, ANA);

    await ana.press("approval_approve", requestId);
    expect(ana.answers).toEqual([]);
    expect(ana.replaced.join()).toContain("1 of 2 approved, by ana@acme.test");

    const other = await ask(deps);
    await ana.press("approval_approve", other.requestId, "home");
    expect(ana.answers).toEqual(["Your approval of $200.00 counts. 1 of 2 so far."]);
  });

  test("the second of two approvers reads who decided", async () => {
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    const dana = slackPerson(deps, DANA);

    await slackPerson(deps, ANA).press("approval_approve", requestId);
    await dana.press("approval_approve", requestId);

    expect(deps.applied).toHaveLength(1);
    expect(dana.answers).toEqual([
      "Too late: ana@acme.test approved this on Nov 23, 2026, 10:00 UTC.",
    ]);
  });

  test("Withdraw takes it back", async () => {
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    const bo = slackPerson(deps, BO);

    await bo.press("approval_withdraw", requestId);

    expect(await statusOf(db.pool, requestId)).toBe("cancelled");
    expect(bo.answers).toEqual([]);
    expect((await outbox(db.pool, ":requester:decided"))[0]?.text).toContain("Withdrawn by");
  });

  test.each([
    ["somebody without authority", EVE, "You are not an approver"],
    ["the requester", BO, "You can't decide your own request"],
    ["somebody whose address Slack hides", undefined, "I can't see your e-mail address"],
  ])("answers %s privately and changes nothing", async (_who, email, answer) => {
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    const before = await everything(db.pool);
    const person = slackPerson(deps, email);

    await person.press("approval_approve", requestId);
    await person.press("approval_other_amount", requestId);
    await person.press("approval_deny", requestId);
    await person.submit("approval_other_amount", { amount: "5" }, requestId);
    await person.submit("approval_deny", { reason: "no" }, requestId);

    expect(person.answers).toHaveLength(3);
    expect(person.answers.every((text) => text.includes(answer))).toBe(true);
    expect(person.views.filter((view) => view.submit !== undefined)).toEqual([]);
    expect(await everything(db.pool)).toEqual(before);
    expect(deps.applied).toEqual([]);
  });

  test.each(["", "forged", "01930000-0000-7000-8000-00000000ffff"])(
    "answers the unknown id %j privately",
    async (requestId) => {
      const ana = slackPerson(acme(db.pool), ANA);

      await ana.press("approval_approve", requestId);
      await ana.press("approval_withdraw", requestId);
      await ana.press("approval_deny", requestId);
      await ana.submit("approval_deny", { reason: "no" }, requestId);

      expect(ana.answers).toEqual([
        "That request doesn't exist (any more).",
        "That request doesn't exist (any more).",
        "email:ana@acme.test: That request doesn't exist (any more).",
      ]);
      expect(JSON.stringify(ana.views.at(-1))).toContain("That request doesn't exist");
    },
  );
});

describe("Approve other amount", () => {
  test("opens a modal at once and fills it when the request is known", async () => {
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    const ana = slackPerson(deps, ANA);

    await ana.press("approval_other_amount", requestId);

    expect(ana.views).toHaveLength(2);
    expect(ana.views[0]?.submit).toBeUndefined();
    expect(ana.views[1]).toMatchObject({
      callback_id: "approval_other_amount",
      private_metadata: requestId,
    });
    expect(JSON.stringify(ana.views[1])).toContain("at most $200.00");
  });

  test("approves what was entered", async () => {
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    const ana = slackPerson(deps, ANA);

    await ana.submit("approval_other_amount", { amount: "$150.50", note: "ok" }, requestId);

    expect(deps.applied.map(({ amount }) => amount)).toEqual([usd(150.5)]);
    expect(ana.answers).toEqual([]);
  });

  test("opened in App Home, confirms by direct message", async () => {
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    const ana = slackPerson(deps, ANA);

    await ana.press("approval_other_amount", requestId, "home");
    const origin = ana.views.at(-1)?.private_metadata ?? "";
    await ana.submit("approval_other_amount", { amount: "$150.50" }, origin);

    expect(ana.answers).toEqual([
      "email:ana@acme.test: Approved: bo@acme.test gets $150.50 of $200.00 for Search, monthly budget.",
    ]);
  });

  test("answers an amount above the request without deciding", async () => {
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    const ana = slackPerson(deps, ANA);

    await ana.submit("approval_other_amount", { amount: "200.01" }, requestId);

    expect(ana.answers).toEqual([
      "email:ana@acme.test: You can approve at most the $200.00 asked for.",
    ]);
    expect(await statusOf(db.pool, requestId)).toBe("requested");
  });

  test.each([
    [undefined, "Enter an amount in US dollars"],
    ["", "Enter an amount in US dollars"],
    ["$2OO", "Enter an amount in US dollars"],
    ["200 EUR", "Amounts are in US dollars"],
    ["0", "above $0"],
    ["2,000,000", "at most $1,000,000"],
    ["1.001", "two decimals"],
  ])("keeps the modal open for %j", async (amount, problem) => {
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    const ana = slackPerson(deps, ANA);

    const problems = await ana.submit("approval_other_amount", { amount }, requestId);

    expect(problems).toEqual({ amount: expect.stringContaining(problem) as string });
    expect(await statusOf(db.pool, requestId)).toBe("requested");
  });
});

describe("Deny", () => {
  test("asks for a reason and denies with it", async () => {
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    const dana = slackPerson(deps, DANA);

    await dana.press("approval_deny", requestId);
    const problems = await dana.submit("approval_deny", { reason: "  " }, requestId);
    const statusBefore = await statusOf(db.pool, requestId);
    await dana.submit("approval_deny", { reason: "Wait" }, requestId);

    expect(dana.views.at(-1)).toMatchObject({ callback_id: "approval_deny" });
    expect(Object.keys(problems ?? {})).toEqual(["reason"]);
    expect(statusBefore).toBe("requested");
    expect(await statusOf(db.pool, requestId)).toBe("denied");
    expect(dana.answers).toEqual([]);
  });

  test("opened in App Home, confirms by direct message", async () => {
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    const dana = slackPerson(deps, DANA);

    await dana.press("approval_deny", requestId, "home");
    const origin = dana.views.at(-1)?.private_metadata ?? "";
    await dana.submit("approval_deny", { reason: "Wait" }, origin);

    expect(dana.answers).toEqual(["email:dana@acme.test: Denied. I told bo@acme.test."]);
  });

  test("shows somebody who has voted already why there is no form", async () => {
    await usePolicies(db.pool, aTier({ quorum: 2 }));
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    const ana = slackPerson(deps, ANA);
    await ana.press("approval_approve", requestId);

    await ana.press("approval_deny", requestId);

    expect(ana.answers).toEqual([]);
    expect(ana.views.at(-1)?.submit).toBeUndefined();
    expect(JSON.stringify(ana.views.at(-1))).toContain("You have approved this already");
  });
});

describe("slackApproverGroups", () => {
  /* oxlint-disable typescript/require-await -- stands in for calls of Slack */
  const groups = slackApproverGroups({
    listUserGroupMembers: async (handle) => (handle === "leads" ? ["U1", "U2", "U3"] : undefined),
    loadUser: async (id) => ({ email: id === "U2" ? undefined : `${id}@Acme.test` }),
  });
  /* oxlint-enable typescript/require-await */

  test("names the members whose address is known", async () => {
    expect(await groups("leads")).toEqual([emailFrom("u1@acme.test"), emailFrom("u3@acme.test")]);
  });

  test("knows no group that Slack does not know", async () => {
    expect(await groups("gone")).toBeUndefined();
  });
});
