/** The forms of digests, approval rules, admins and finance. Pure. */
import { input, type Modal, section } from "../../../slack/blocks.ts";
import { KEPT } from "../rules/forms.ts";
import {
  type Choice,
  capitalized,
  choice,
  type FormContent,
  form,
  people,
  removal,
  requiredChannel,
  text,
} from "./fields.ts";
import { SCOPES_MAX } from "./forms.ts";
import { ADMINS_VIEW, APPROVAL_VIEW, DIGEST_VIEW } from "./names.ts";

const EVERY = [
  { value: "day", text: "Every day" },
  { value: "week", text: "Every week" },
  { value: "month", text: "Every month" },
];
const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

export function digestForm(
  { origin, values, note, ...of }: FormContent,
  scopes: readonly Choice[],
): Modal {
  return form({
    callbackId: DIGEST_VIEW,
    title: origin.key === undefined ? "Add a digest" : "Change digest",
    origin,
    note,
    blocks: [
      scopes.length <= SCOPES_MAX
        ? choice({ id: "scope", label: "About", values, choices: scopes, initial: "org" })
        : text({
            id: "scope",
            label: "About",
            values,
            hint: "org, team:KEY, each:team, each:user",
          }),
      requiredChannel({
        ...of,
        label: "Channel",
        values,
        hint: "I say hello there first. Not needed where each is told in their own place.",
        isOptional: true,
      }),
      choice({ id: "every", label: "How often", values, choices: EVERY, initial: "day" }),
      choice({
        id: "on",
        label: "Weekday, if weekly",
        values,
        choices: DAYS.map((day) => ({ value: day, text: capitalized(day) })),
        initial: "monday",
      }),
      text({
        id: "day",
        label: "Day of the month, if monthly",
        values,
        hint: "1 to 31. Empty: the day on which your months begin.",
        optional: true,
      }),
      input({
        blockId: "at",
        label: "At",
        hint: "In the organization's time zone; each person in their own",
        element: { type: "timepicker", action_id: "at", initial_time: values["at"] ?? "09:00" },
      }),
      ...(origin.key === undefined ? [] : removal("digest", origin, "Remove this digest")),
    ],
  });
}

const WHO: readonly Choice[] = [
  { value: "owners", text: "Owners of the team" },
  { value: "admins", text: "Admins" },
  { value: "both", text: "Owners of the team, and admins" },
  { value: "people", text: "Only the people below" },
];
const KEPT_CHOICE: Choice = {
  value: KEPT,
  text: "Whom governance.yml names, and the people below",
};

export function approvalForm({ origin, values, note }: FormContent): Modal {
  return form({
    callbackId: APPROVAL_VIEW,
    title: origin.key === undefined ? "Add a rule" : "Change rule",
    origin,
    note,
    blocks: [
      section(
        "Who has to approve a raise. Of several rules the first that covers the amount counts.",
      ),
      text({
        id: "up_to",
        label: "Up to, in USD",
        values,
        hint: "For example 200. Empty: any amount. What no rule covers is for admins.",
        optional: true,
      }),
      choice({
        id: "who",
        label: "Who approves",
        values,
        choices: values["who"] === KEPT ? [...WHO, KEPT_CHOICE] : WHO,
        initial: "owners",
      }),
      people({ id: "people", label: "And these people", values }),
      text({
        id: "quorum",
        label: "How many of them have to agree",
        values: { ...values, quorum: values["quorum"] ?? "1" },
      }),
      text({
        id: "expires",
        label: "Open for",
        values,
        hint: "30m, 24h or 2d; then the request is over. Empty: 24 hours.",
        optional: true,
      }),
      ...(origin.key === undefined ? [] : removal("approval", origin, "Remove this rule")),
    ],
  });
}

export function adminsForm({ origin, values, note }: FormContent): Modal {
  return form({
    callbackId: ADMINS_VIEW,
    title: "Admins and finance",
    origin,
    note,
    blocks: [
      section(
        "Admins see and change everything; you stay one of them. Finance sees everything and changes nothing.",
      ),
      people({ id: "admins", label: "Admins", values, hint: "Whom I find in this workspace" }),
      people({ id: "finance", label: "Finance", values, hint: "Whom I find in this workspace" }),
    ],
  });
}
