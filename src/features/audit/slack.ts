/** The audit trail in Slack: `/claude-spend audit`. Answers only the person who asked. */
import type { Email } from "../../domain/email.ts";
import type { SlackMessage } from "../../slack/blocks.ts";
import type { Directory } from "../../slack/directory.ts";
import type { SlackListeners } from "../../slack/listener.ts";
import { scopeRefusalMessage } from "../organization/index.ts";
import { readAudit, reportDutiesFor } from "./flow.ts";
import {
  AUDIT_OLDER_ACTION,
  auditPageMessage,
  DUTIES_NOT_ALLOWED_ANSWER,
  dutiesMessage,
  NO_EMAIL_ANSWER,
  notAllowedAnswer,
} from "./messages.ts";

type Deps = Parameters<typeof readAudit>[0] & {
  readonly directory: Pick<Directory, "resolveMentions">;
};

export function auditListeners(deps: Deps): SlackListeners {
  return {
    subcommands: [
      {
        name: "audit",
        usage: "audit [SCOPE] · audit duties",
        description:
          "Who changed and decided what: admins and finance all of it, owners their teams",
        run: async ({ actor, text, respond }) => {
          if (actor.email === undefined) {
            await respond(NO_EMAIL_ANSWER);
            return;
          }
          const typed = (await deps.directory.resolveMentions(text)).trim();
          await respond(
            typed.toLowerCase() === "duties"
              ? await dutiesAnswer(deps, actor.email)
              : await pageAnswer(deps, actor.email, { scopeText: typed }),
          );
        },
      },
    ],
    actions: [
      {
        actionId: AUDIT_OLDER_ACTION,
        run: async ({ actor, value, respond }) => {
          if (actor.email === undefined) {
            await respond(NO_EMAIL_ANSWER);
            return;
          }
          // Who may read is judged again: the button could be anybody's, or made up.
          const [, before = "", scopeText = ""] = /^(\d{1,15}) (.+)$/.exec(value) ?? [];
          await respond(
            before === ""
              ? notAllowedAnswer([])
              : await pageAnswer(deps, actor.email, { scopeText, before: Number(before) }),
          );
        },
      },
    ],
  };
}

async function pageAnswer(
  deps: Deps,
  reader: Email,
  ask: { readonly scopeText: string; readonly before?: number },
): Promise<SlackMessage> {
  const page = await readAudit(deps, { reader, ...ask });
  switch (page.kind) {
    case "page":
      return auditPageMessage(page);
    case "unknown-scope":
      return scopeRefusalMessage(page.refusal, "audit");
    case "not-allowed":
      return notAllowedAnswer(page.own);
  }
}

async function dutiesAnswer(deps: Deps, reader: Email): Promise<SlackMessage> {
  const duties = await reportDutiesFor(deps, reader);
  return duties === undefined ? DUTIES_NOT_ALLOWED_ANSWER : dutiesMessage(duties.report, duties);
}
