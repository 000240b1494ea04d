import type { View } from "@slack/types";
import { describe, expect, it } from "vitest";
import { PEOPLE, useFakeSlack } from "../../support/fake-slack.ts";
import { useBolt } from "./start-bolt.ts";

const slack = useFakeSlack();
const startBolt = useBolt(slack);

const plain = (text: string) => ({ type: "plain_text", text }) as const;
const section = (text: string) => ({ type: "section", text: { type: "mrkdwn", text } }) as const;
const raiseModal: View = {
  type: "modal",
  callback_id: "raise",
  private_metadata: "search",
  title: plain("Raise"),
  submit: plain("Send"),
  blocks: [
    {
      type: "input",
      block_id: "amount",
      label: plain("Amount"),
      element: {
        type: "number_input",
        action_id: "value",
        is_decimal_allowed: true,
        min_value: "1",
      },
    },
    {
      type: "input",
      block_id: "period",
      label: plain("Period"),
      optional: true,
      element: {
        type: "static_select",
        action_id: "value",
        initial_option: { text: plain("Monthly"), value: "monthly" },
        options: [
          { text: plain("Weekly"), value: "weekly" },
          { text: plain("Monthly"), value: "monthly" },
        ],
      },
    },
  ],
};

describe("modals of a Bolt app", () => {
  it("opens a modal, sends its errors back, then takes it", async () => {
    const submitted: unknown[] = [];
    await startBolt((app) => {
      app.shortcut("request_budget_raise", async ({ ack, client, body }) => {
        await ack();
        await client.views.open({ trigger_id: body.trigger_id, view: raiseModal });
      });
      app.view("raise", async ({ ack, view }) => {
        const amount = view.state.values["amount"]?.["value"]?.value;
        if (amount === "1000000") {
          await ack({ response_action: "errors", errors: { amount: "At most $10,000" } });
          return;
        }
        submitted.push(view.private_metadata, view.state.values);
        await ack();
      });
    });
    const bo = slack().as(PEOPLE.bo);
    expect(await bo.shortcut("request_budget_raise")).toEqual({ ok: true });
    const modal = await bo.waitForModal((view) => view.callbackId === "raise");

    expect(await bo.submit(modal, {})).toEqual({
      ok: false,
      error: "field_errors",
      errors: { amount: "Please complete this required field." },
    });
    expect(await bo.submit(modal, { amount: "0.5" })).toMatchObject({
      errors: { amount: "Must be at least 1." },
    });
    expect(await bo.submit(modal, { amount: "1000000" })).toMatchObject({
      errors: { amount: "At most $10,000" },
    });
    expect(bo.modal()).toBeDefined();
    expect(await bo.submit(modal, { amount: "250", period: "weekly" })).toEqual({ ok: true });

    expect(bo.modal()).toBeUndefined();
    expect(submitted).toEqual([
      "search",
      {
        amount: { value: { type: "number_input", value: "250" } },
        period: {
          value: {
            type: "static_select",
            selected_option: { text: plain("Weekly"), value: "weekly" },
          },
        },
      },
    ]);
  });

  it("answers a modal with another one, and hears when it is closed", async () => {
    const closed: boolean[] = [];
    const next: View = {
      type: "modal",
      title: plain("Next"),
      callback_id: "next",
      notify_on_close: true,
      blocks: [section("2")],
    };
    await startBolt((app) => {
      app.command("/claude-spend", async ({ ack, client, body }) => {
        await ack();
        await client.views.open({ trigger_id: body.trigger_id, view: raiseModal });
      });
      app.view("raise", async ({ ack }) => {
        await ack({ response_action: "push", view: next });
      });
      app.view({ type: "view_closed", callback_id: "next" }, async ({ ack, body }) => {
        await ack();
        closed.push("is_cleared" in body && body.is_cleared);
      });
    });
    const bo = slack().as(PEOPLE.bo);
    await bo.command("/claude-spend raise");
    await bo.submit(await bo.waitForModal(), { amount: "5" });
    const top = await bo.waitForModal((view) => view.callbackId === "next");

    await bo.close(top);

    expect(closed).toEqual([false]);
    expect(bo.modal()?.callbackId).toBe("raise");
  });

  it("refuses errors for a block that the modal does not have", async () => {
    await startBolt((app) => {
      app.shortcut("request_budget_raise", async ({ ack, client, body }) => {
        await ack();
        await client.views.open({ trigger_id: body.trigger_id, view: raiseModal });
      });
      app.view("raise", async ({ ack }) => {
        await ack({ response_action: "errors", errors: { amuont: "typo" } });
      });
    });
    const bo = slack().as(PEOPLE.bo);
    await bo.shortcut("request_budget_raise");

    const outcome = await bo.submit(await bo.waitForModal(), { amount: "5" });

    expect(outcome).toMatchObject({ error: "dispatch_unknown_error" });
  });
});
