/**
 * Approvals in Slack: the buttons of the cards, and out of office. A button says only which
 * request; who may do what is decided by the flow, at the click. A click whose effect the card does
 * not show in place gets a private answer. The forms behind buttons are slack/forms.ts.
 */
import { parseEmail } from "../../domain/email.ts";
import type { SlackMessage } from "../../slack/blocks.ts";
import type { Directory } from "../../slack/directory.ts";
import type {
  ActionListener,
  SlackListeners,
  Subcommand,
  SubcommandContext,
} from "../../slack/listener.ts";
import type { SlackWeb } from "../../slack/web.ts";
import { shownTo } from "./flow/announce.ts";
import type { ApproverGroups } from "./flow/approvers.ts";
import {
  approve,
  type Click,
  type ClickOutcome,
  type DecisionDeps,
  withdraw,
} from "./flow/decide-approval.ts";
import { delegate, endOwnDelegation, findOwnDelegation } from "./flow/delegate.ts";
import { NO_EMAIL_ANSWER } from "./messages/answers.ts";
import { DELEGATE_USAGE, delegationAnswer, delegationUsageAnswer } from "./messages/delegation.ts";
import { parseDelegateCommand } from "./rules/delegate-command.ts";
import { answerOf, formActions, formViews, withEmail } from "./slack/forms.ts";

export type ApprovalDeps = DecisionDeps & {
  readonly directory: Pick<Directory, "resolveMentions">;
};

export function approvalListeners(deps: ApprovalDeps): SlackListeners {
  return {
    subcommands: [delegateCommand(deps)],
    actions: [
      clickAction("approval_approve", async (click) => await approve(deps, click)),
      clickAction("approval_withdraw", async (click) => await withdraw(deps, click)),
      ...formActions(deps),
    ],
    views: formViews(deps),
  };
}

/** Members of Slack's user groups by e-mail; people whose address Slack hides are left out. */
export function slackApproverGroups(slack: {
  readonly listUserGroupMembers: SlackWeb["listUserGroupMembers"];
  /** May remember people; who is a member is asked anew each time. */
  readonly loadUser: (slackUserId: string) => Promise<{ readonly email: string | undefined }>;
}): ApproverGroups {
  return async (handle) => {
    const members = await slack.listUserGroupMembers(handle);
    if (members === undefined) return undefined;
    const users = await Promise.all(members.map(async (id) => await slack.loadUser(id)));
    return users.flatMap((user) => {
      const email = user.email === undefined ? undefined : parseEmail(user.email);
      return email === undefined ? [] : [email];
    });
  };
}

/** A button that decides at once. */
function clickAction(
  actionId: string,
  decideClick: (click: Click) => Promise<ClickOutcome>,
): ActionListener {
  return {
    actionId,
    run: async ({ actor, value: requestId, surface, respond, replace }) => {
      const answer = await withEmail(actor, async (actorEmail) => {
        const outcome = await decideClick({ requestId, actorEmail });
        // The outbox brings the same card; whoever clicked need not wait for its turn.
        const news = outcome.kind === "answered" ? outcome.news : undefined;
        if (news !== undefined) await replace?.(shownTo(actorEmail, news));
        return answerOf(outcome, surface);
      });
      if (answer !== undefined) await respond(answer);
    },
  };
}

function delegateCommand(deps: ApprovalDeps): Subcommand {
  return {
    name: "delegate",
    usage: DELEGATE_USAGE,
    description: "Out of office: who decides on requests in your place, until when",
    run: async (context) => {
      await context.respond(await answerDelegate(deps, context));
    },
  };
}

async function answerDelegate(
  deps: ApprovalDeps,
  { actor, text }: SubcommandContext,
): Promise<SlackMessage> {
  const { email: from } = actor;
  if (from === undefined) return NO_EMAIL_ANSWER;
  const command = parseDelegateCommand(await deps.directory.resolveMentions(text));
  switch (command.kind) {
    case "usage":
      return delegationUsageAnswer();
    case "show":
      return delegationAnswer(await findOwnDelegation(deps, from));
    case "off":
      return delegationAnswer(await endOwnDelegation(deps, from));
    case "delegate": {
      const { to, untilText } = command;
      return delegationAnswer(await delegate(deps, { from, to, untilText }));
    }
  }
}
