/** Preferences, the words: their form, and one line of what holds. Pure. */
import { ALERT_TOPICS, type AlertTopic } from "../../domain/alert.ts";
import {
  type Block,
  checkboxes,
  escapeText,
  input,
  type Modal,
  modal,
  option,
  section,
  select,
} from "../../slack/blocks.ts";
import { UNKNOWN_PERSON_ADVICE } from "../../slack/unknown-person.ts";
import {
  DIGEST_INTERVALS,
  type DigestInterval,
  NO_TIME,
  type OwnPreferences,
  timeChoices,
} from "./rules.ts";

export const PREFERENCES_ACTION = "preferences_open";
export const PREFERENCES_VIEW = "preferences_view";
const TITLE = "Preferences";

const TOPIC_TEXTS: Readonly<Record<AlertTopic, { text: string; detail: string }>> = {
  budgets: { text: "Budgets", detail: "A share of a limit is used, a period begins" },
  forecasts: { text: "Forecasts", detail: "A limit will likely be reached" },
  unusual: { text: "Unusual spend", detail: "Spikes, loops, repeated requests" },
};

const DIGEST_TEXTS: Readonly<Record<DigestInterval, string>> = {
  off: "Off",
  day: "Every day",
  week: "Every week, on its first day",
  month: "Every month, on its first day",
};

export function preferencesModal({ alerts, digest, defaultZone }: OwnPreferences): Modal {
  const intervals = DIGEST_INTERVALS.map((every) => option(DIGEST_TEXTS[every], every));
  return modal({
    callbackId: PREFERENCES_VIEW,
    title: TITLE,
    submit: "Save",
    blocks: [
      input({
        blockId: "about",
        label: "Message me about",
        optional: true,
        element: checkboxes("about", [
          { text: "My own spend", value: "own", isTicked: alerts.wantsOwn },
          {
            text: "The teams that I own",
            value: "teams",
            description: "As well as the team's channel",
            isTicked: alerts.wantsTeams,
          },
        ]),
      }),
      input({
        blockId: "topics",
        label: "When it is about",
        optional: true,
        element: checkboxes(
          "topics",
          ALERT_TOPICS.map((topic) => ({
            text: TOPIC_TEXTS[topic].text,
            value: topic,
            description: TOPIC_TEXTS[topic].detail,
            isTicked: !alerts.muted.includes(topic),
          })),
        ),
      }),
      input({
        blockId: "digest",
        label: "My digest",
        hint: "What I and my teams spent, as a direct message.",
        element: select("digest", intervals, intervals[DIGEST_INTERVALS.indexOf(digest.every)]),
      }),
      input({
        blockId: "digest_at",
        label: "My digest comes at",
        element: timeSelect("digest_at", digest.atLocalTime),
      }),
      ...quietInputs(alerts),
      input({
        blockId: "zone",
        label: "My time zone",
        hint: `A city or a name, such as Berlin or America/New_York. Empty: ${defaultZone}, as in Slack.`,
        optional: true,
        element: {
          type: "plain_text_input",
          action_id: "zone",
          max_length: ZONE_CHARS_MAX,
          ...(alerts.timeZone === undefined ? {} : { initial_value: alerts.timeZone }),
        },
      }),
    ],
  });
}

function quietInputs({ quietHours }: OwnPreferences["alerts"]): readonly Block[] {
  return [
    input({
      blockId: "quiet_from",
      label: "Quiet from",
      hint: "Alerts wait until the quiet hours end.",
      element: quietSelect("quiet_from", quietHours?.from),
    }),
    input({
      blockId: "quiet_until",
      label: "Quiet until",
      element: quietSelect("quiet_until", quietHours?.until),
    }),
  ];
}

const ZONE_CHARS_MAX = 100;

function timeSelect(actionId: string, chosen: string): ReturnType<typeof select> {
  const options = timeChoices(chosen).map((time) => option(time, time));
  return select(
    actionId,
    options,
    options.find(({ value }) => value === chosen),
  );
}

function quietSelect(actionId: string, chosen: string | undefined): ReturnType<typeof select> {
  const none = option("No quiet hours", NO_TIME);
  const options = [none, ...timeChoices(chosen).map((time) => option(time, time))];
  return select(actionId, options, options.find(({ value }) => value === chosen) ?? none);
}

/** A form needs something to show while it loads. */
export function loadingModal(): Modal {
  return saidModal("One moment…");
}

export function unknownPersonModal(): Modal {
  return saidModal(UNKNOWN_PERSON_ADVICE);
}

function saidModal(text: string): Modal {
  return modal({ callbackId: "preferences_said", title: TITLE, blocks: [section(text)] });
}

/** "Messages about my spend · digest every week at 09:00 · quiet 20:00 to 07:30 · Europe/Berlin". */
export function preferencesText({ alerts, digest, defaultZone }: OwnPreferences): string {
  const about = [
    ...(alerts.wantsOwn ? ["my spend"] : []),
    ...(alerts.wantsTeams ? ["my teams"] : []),
  ];
  const muted = alerts.muted.map((topic) => TOPIC_TEXTS[topic].text.toLowerCase());
  const { quietHours } = alerts;
  return [
    about.length === 0 || muted.length === ALERT_TOPICS.length
      ? "No messages about alerts"
      : `Messages about ${about.join(" and ")}${muted.length === 0 ? "" : `, not of ${muted.join(" and ")}`}`,
    digest.every === "off" ? "no digest" : `digest every ${digest.every} at ${digest.atLocalTime}`,
    quietHours === undefined ? "no quiet hours" : `quiet ${quietHours.from} to ${quietHours.until}`,
    escapeText(alerts.timeZone ?? defaultZone),
  ].join(" · ");
}
