/** Each kind of alert as the example leads to it, and what people do about one. */

import type { AlertKind } from "../../../src/domain/alert.ts";
import { HOUR_MS } from "../../../src/domain/time.ts";
import { checkDueWatches } from "../../../src/features/budgets/index.ts";
import { lookAround } from "../../../src/features/insights/index.ts";
import type { ShownMessage } from "../../../src/sandbox/slack/protocol.ts";
import type { Chapter, Entry, Subject } from "../entry.ts";
import type { Handle } from "../stage/watching.ts";
import type { Stage } from "../stage.ts";
import { answer, clicked, find, findReply, opened, openedBy, says } from "../steps.ts";

const SEARCH_DAILY = /Search.*daily budget/s;

/** Where an alert of this kind is, by what it says. */
function alert(
  kind: AlertKind,
  name: string,
  at: {
    readonly who?: Handle;
    readonly place?: string;
    readonly saying: RegExp;
    readonly of: string;
  },
): Entry {
  const { who = "dana", place = "#finops", saying, of } = at;
  return {
    name,
    alerts: [kind],
    builders: ["alerts/threadMessage", of],
    take: async (stage) => {
      await looks(stage);
      return { kind: "message", as: who, message: await find(stage, who, place, saying) };
    },
  };
}

/** What the clockwork does every minute. */
async function looks({ database, clock }: Stage): Promise<void> {
  await checkDueWatches({ database, clock });
  await lookAround({ database, clock });
}

/** In the first of these places that has it. */
async function anywhere(
  stage: Stage,
  who: Handle,
  places: readonly string[],
  saying: RegExp,
): Promise<Subject> {
  const seen = (): readonly ShownMessage[] =>
    places.flatMap((place) => stage.person(who).messages(place));
  const found = (): ShownMessage | undefined => seen().findLast((one) => says(one, saying));
  return { kind: "message", as: who, message: await stage.until(found, String(saying)) };
}

const searchAlert = async (stage: Stage): Promise<Awaited<ReturnType<typeof find>>> =>
  await find(stage, "ana", "#team-search", SEARCH_DAILY, "alert_why");

export const ALERTS: Chapter = {
  name: "alerts",
  on: "example",
  entries: [
    {
      ...alert("threshold", "A team's budget", {
        of: "budgets/thresholdContent",
        who: "ana",
        place: "#team-search",
        saying: SEARCH_DAILY,
      }),
      listeners: [
        "action alert_why",
        "action alert_acknowledge",
        "action alert_snooze",
        "action alert_assign",
        "action alert_feedback",
        "action budget_request_raise",
      ],
      docs: { file: "alert.png", variant: "desktop-light" },
    },
    alert("threshold", "My budget", {
      of: "budgets/requestRaiseButton",
      who: "bo",
      place: "dm",
      saying: /your daily budget/,
    }),
    alert("forecast", "Forecast", { of: "budgets/forecastContent", saying: /will likely/ }),
    alert("pace", "Pace", { of: "budgets/paceContent", saying: /ahead of plan/ }),
    alert("spike", "Spike", {
      of: "insights/spikeContent",
      who: "bo",
      place: "dm",
      saying: /above what is normal/,
    }),
    alert("duplicates", "The same prompt again and again", {
      of: "insights/loopContent",
      who: "ana",
      place: "#team-search",
      saying: /sent the same prompt/,
    }),
    {
      name: "An operation that goes round and round",
      alerts: ["loop"],
      builders: ["insights/loopContent"],
      take: async (stage) => {
        await stage.sendLoop("dev@acme.test");
        await looks(stage);
        const message = await find(stage, "dev", "dm", /requests in one operation/);
        return { kind: "message", as: "dev", message };
      },
    },
    alert("unknown_model", "Unknown model", {
      of: "insights/unknownModelContent",
      saying: /No price is known/,
    }),
    alert("silence", "Silence", { of: "insights/silenceContent", saying: /has reported nothing/ }),
    {
      name: "A period begins anew",
      alerts: ["reset"],
      builders: ["budgets/resetContent"],
      take: async (stage) =>
        await anywhere(stage, "dana", ["#team-support", "#finops"], /begins anew/),
    },
    alert("drift", "Drift", { of: "alerts/threadMessage", saying: /Anthropic billed/ }),
    alert("delivery", "A channel is closed", {
      of: "alerts/threadMessage",
      saying: /I \*can't post\*/,
    }),
    {
      name: "Why?",
      builders: ["alerts/explanationMessage"],
      take: async (stage) => {
        const shown = await searchAlert(stage);
        const why = async (): Promise<unknown> =>
          await stage.person("ana").click(shown, "alert_why");
        const message = await stage.see(
          "ana",
          "#team-search",
          why,
          ({ isEphemeral }) => isEphemeral,
        );
        return { kind: "message", as: "ana", message };
      },
    },
    {
      name: "Snooze",
      builders: ["alerts/snoozeModal"],
      listeners: ["view alert_snooze_view"],
      take: async (stage) =>
        await openedBy(stage, "ana", await searchAlert(stage), {
          actionId: "alert_snooze",
          saying: "How long",
        }),
    },
    {
      name: "Assign",
      builders: ["alerts/assignModal"],
      listeners: ["view alert_assign_view"],
      take: async (stage) =>
        await openedBy(stage, "ana", await searchAlert(stage), {
          actionId: "alert_assign",
          saying: "Who looks after it",
        }),
    },
    {
      name: "Assigned to me",
      builders: ["alerts/assignedMessage"],
      listeners: ["action alert_show"],
      take: async (stage) => {
        await openedBy(stage, "ana", await searchAlert(stage), {
          actionId: "alert_assign",
          saying: "Who looks after it",
        });
        const form = stage.person("ana").modal();
        const { userId } = stage.person("bo");
        if (form !== undefined) await stage.person("ana").submit(form, { person: userId });
        return { kind: "message", as: "bo", message: await find(stage, "bo", "dm", "alert_show") };
      },
    },
    {
      name: "Feedback",
      builders: ["alerts/feedbackModal"],
      listeners: ["view alert_feedback_view"],
      take: async (stage) =>
        await openedBy(stage, "ana", await searchAlert(stage), {
          actionId: "alert_feedback",
          saying: "What it was",
        }),
    },
    {
      name: "Acknowledged",
      builders: ["alerts/actAnswer", "alerts/answer"],
      take: async (stage) =>
        await clicked(stage, "ana", await searchAlert(stage), {
          actionId: "alert_acknowledge",
          fits: /I'll speak up again/,
        }),
    },
    {
      name: "An alert that somebody acknowledged and somebody looks after",
      take: async (stage) => ({
        kind: "message",
        as: "ana",
        message: await find(stage, "ana", "#team-search", SEARCH_DAILY, "Acknowledged by"),
      }),
    },
    opened("Plan an event", {
      who: "ana",
      typed: "plan search",
      saying: "For whom",
      builders: ["alerts/planModal"],
      listeners: ["command plan", "view alert_plan_view"],
    }),
    opened("An event of a name that is not there", {
      who: "ana",
      typed: "plan serach up to 200 for load test",
      saying: "Did you mean",
      builders: ["alerts/planRefusedModal"],
    }),
    {
      name: "Planned",
      builders: ["alerts/planAnswer"],
      take: async (stage) => {
        await stage.person("ana").command("/claude-spend plan search");
        const form = await stage.person("ana").waitForModal();
        const date = stage.clock().toISOString().slice(0, 10);
        const plan = async (): Promise<unknown> =>
          await stage
            .person("ana")
            .submit(form, { from: date, until: date, name: "Load test", amount: "200" });
        return { kind: "message", as: "ana", message: await stage.see("ana", "dm", plan) };
      },
    },
    answer("A digest, with what differs from Anthropic's bill", {
      who: "dana",
      typed: "digest org week",
      listeners: ["action digest_drift"],
    }),
    {
      name: "What differs from Anthropic's bill, by its button",
      builders: ["digests/differencesMessage"],
      take: async (stage) => {
        const { message } = await stage.ask("dana", "/claude-spend digest org week");
        return await clicked(stage, "dana", message, { actionId: "digest_drift" });
      },
    },
    {
      name: "Over",
      builders: ["alerts/resolvedMessage"],
      take: async (stage) => {
        stage.later(2 * HOUR_MS);
        await looks(stage);
        const parent = await find(stage, "bo", "dm", "above what is normal", "No longer");
        const message = await findReply(stage, "bo", parent, "No longer the case");
        return { kind: "message", as: "bo", message };
      },
    },
    {
      name: "Recovery",
      alerts: ["recovery"],
      builders: ["budgets/paceRecoveredContent", "alerts/newsMessage"],
      take: async (stage) => {
        const parent = await find(stage, "dana", "#finops", "benchmarks", "plan");
        const message = await findReply(stage, "dana", parent, /back on plan/);
        return { kind: "message", as: "dana", message };
      },
    },
  ],
};
