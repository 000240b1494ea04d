/** People in Slack: `/claude-spend link`, and the answer of whoever is asked about a claim. */
import { parseEmail } from "../../domain/email.ts";
import { parseIdentity } from "../../domain/identity.ts";
import type { SlackMessage } from "../../slack/blocks.ts";
import type { Directory } from "../../slack/directory.ts";
import type { ActionListener, SlackActor, SlackListeners } from "../../slack/listener.ts";
import { claimName, confirmClaim, linkKnownNames, listLinks, type PeopleDeps } from "./flow.ts";
import {
  CLAIM_CONFIRM_ACTION,
  CLAIM_DECLINE_ACTION,
  claimAnswer,
  confirmationAnswer,
  LINK_USAGE_ANSWER,
  linksMessage,
  NO_EMAIL_ANSWER,
  NOT_OPEN_ANSWER,
} from "./messages.ts";

type Deps = PeopleDeps & { readonly directory: Pick<Directory, "loadSlackUser"> };

export function peopleListeners(deps: Deps): SlackListeners {
  const decide = (actionId: string, isConfirmed: boolean): ActionListener => ({
    actionId,
    run: async ({ actor, value, respond, replace }) => {
      const answer = await decisionAnswer(deps, actor, { claimId: value, isConfirmed });
      await (replace ?? respond)(answer);
    },
  });
  return {
    subcommands: [
      {
        name: "link",
        usage: "link [email:ADDRESS|anthropic_user:ID]",
        description: "Under which names your usage counts as yours; link another one",
        run: async ({ actor, text, respond }) => {
          await respond(await linkAnswer(deps, actor, text));
        },
      },
    ],
    actions: [decide(CLAIM_CONFIRM_ACTION, true), decide(CLAIM_DECLINE_ACTION, false)],
  };
}

async function linkAnswer(deps: Deps, actor: SlackActor, text: string): Promise<SlackMessage> {
  const person = actor.email;
  if (person === undefined) return NO_EMAIL_ANSWER;
  if (text === "") {
    const linkedNow = await linkKnownNames(deps, person);
    const identities = (await listLinks(deps, person)).filter(({ until }) => until === undefined);
    return linksMessage({ person, identities, linkedNow });
  }
  // Slack writes addresses as <mailto:a@b.c|a@b.c>.
  const identity = parseIdentity(text.replace(/<mailto:([^|>]+)(?:\|[^>]*)?>/, "$1"));
  if (identity === undefined) return LINK_USAGE_ANSWER;
  if (identity.kind === "email" && parseEmail(identity.externalId) === undefined) {
    return LINK_USAGE_ANSWER;
  }
  const slackEmail =
    identity.kind === "slack_user"
      ? (await deps.directory.loadSlackUser(identity.externalId)).email
      : undefined;
  return claimAnswer(await claimName(deps, { identity, person, slackEmail }), identity);
}

async function decisionAnswer(
  deps: Deps,
  actor: SlackActor,
  decision: { readonly claimId: string; readonly isConfirmed: boolean },
): Promise<SlackMessage> {
  const confirmer = actor.email;
  const isId = /^[0-9a-f-]{36}$/.test(decision.claimId);
  if (confirmer === undefined || !isId) return NOT_OPEN_ANSWER;
  const outcome = await confirmClaim(deps, { ...decision, confirmer });
  return outcome.kind === "not-open" ? NOT_OPEN_ANSWER : confirmationAnswer(outcome.kind, outcome);
}
