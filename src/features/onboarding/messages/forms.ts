/** The forms of the set-up, empty or with what was typed or is in force. Pure. */
import { type Block, type Modal, section } from "../../../slack/blocks.ts";
import type { FormValues } from "../rules/forms.ts";
import {
  type Choice,
  capitalized,
  channel,
  choice,
  type FormContent,
  form,
  people,
  removal,
  requiredChannel,
  text,
} from "./fields.ts";
import { BUDGET_VIEW, CODE_VIEW, ORGANIZATION_VIEW, TEAM_VIEW } from "./names.ts";

export function organizationForm({ origin, values, note, ...of }: FormContent): Modal {
  return form({
    callbackId: ORGANIZATION_VIEW,
    title: "Organization",
    origin,
    note,
    blocks: [
      text({ id: "name", label: "Name", values }),
      text({
        id: "zone",
        label: "Time zone",
        values,
        hint: "Where your days and months begin, such as Europe/Berlin",
      }),
      requiredChannel({
        ...of,
        label: "Channel of finance",
        values,
        hint: "News about everybody's money. I say hello there to see that I can post.",
      }),
    ],
  });
}

export function teamForm({ origin, values, note, isOwners }: FormContent): Modal {
  const isNew = origin.key === undefined;
  return form({
    callbackId: TEAM_VIEW,
    title: isNew ? "Add a team" : "Change team",
    origin,
    note,
    blocks: [
      text({ id: "name", label: "Name", values }),
      channel({
        id: "channel",
        label: "Channel",
        values,
        hint: "Where its alerts go. Without one its owners are told directly.",
        optional: true,
      }),
      ...(isOwners === true
        ? []
        : [
            people({
              id: "owners",
              label: "Owners",
              values,
              hint: "See each person's amounts in the team, and approve raises",
            }),
          ]),
      people({ id: "members", label: "Members", values, hint: "See the team's total" }),
      ...(isOwners === true
        ? []
        : [
            text({
              id: "projects",
              label: "Projects",
              values,
              hint: "Keys that usage events name, such as checkout, ranking",
              optional: true,
            }),
          ]),
      ...(isNew || isOwners === true ? [] : removal("team", origin, "Remove this team")),
    ],
  });
}

const PERIODS = ["daily", "weekly", "monthly", "quarterly", "yearly"] as const;

export function budgetForm(
  { origin, values, note }: FormContent,
  scopes: readonly Choice[],
): Modal {
  const isNew = origin.key === undefined;
  return form({
    callbackId: BUDGET_VIEW,
    title: isNew ? "Add a budget" : "Change budget",
    origin,
    note,
    blocks: [
      scopeField(values, scopes),
      text({ id: "amount", label: "Limit in USD", values, hint: "For example 500 or 1,250.50" }),
      choice({
        id: "period",
        label: "Period",
        values,
        choices: PERIODS.map((period) => ({ value: period, text: capitalized(period) })),
        initial: "monthly",
      }),
      text({
        id: "thresholds",
        label: "Warn at",
        values,
        hint: "Percent of the limit, such as 50, 80, 100",
        optional: true,
      }),
      choice({
        id: "forecast",
        label: "Warn as well when the forecast exceeds it",
        values,
        choices: [
          { value: "yes", text: "Yes" },
          { value: "no", text: "No" },
        ],
        initial: "yes",
      }),
      ...(isNew ? [] : removal("budget", origin, "Remove this budget")),
    ],
  });
}

/** More than a list can show are typed. */
export const SCOPES_MAX = 100;

function scopeField(values: FormValues, scopes: readonly Choice[]): Block {
  const { scope } = values;
  const isListed = scope === undefined || scopes.some(({ value }) => value === scope);
  return scopes.length <= SCOPES_MAX && isListed
    ? choice({ id: "scope", label: "For", values, choices: scopes })
    : text({
        id: "scope",
        label: "For",
        values,
        hint: "org, team:KEY, project:KEY, user:EMAIL, or each:user for everybody",
      });
}

export function codeForm(note?: string): Modal {
  return form({
    callbackId: CODE_VIEW,
    title: "Who may begin",
    submit: "Next",
    origin: { version: 0 },
    note,
    blocks: [
      section(
        "Nobody is an admin yet. An admin of this Slack workspace can begin without a code. Everybody else needs the one that the bot prints in its log at the start; `claude-spend doctor` shows it too.",
      ),
      text({ id: "code", label: "Code", values: {}, hint: "Such as ABCD-EFGH-JKMN" }),
    ],
  });
}
