/** A channel that Slack closed is an alert itself: told once, resolved when it is mended. */
import type { AlertFact } from "../../../domain/alert.ts";
import type { Email } from "../../../domain/email.ts";
import { ORG_SCOPE } from "../../../domain/scope.ts";
import type { Clock } from "../../../domain/time.ts";
import {
  closedBecause,
  type DeadDestination,
  EVERYWHERE,
  listDead,
} from "../../../slack/dead-destinations.ts";
import type { Destination } from "../../../slack/destination.ts";
import type { RerouteNews } from "../../../slack/reroute.ts";
import type { Sql } from "../../../store/database.ts";
import { findPerson, loadOrganization } from "../../organization/index.ts";
import { raiseAlert } from "./raise-alert.ts";
import { resolveThread } from "./resolve-thread.ts";

/** What to do about it, in the words of Slack's settings. */
const REMEDY: Readonly<Record<string, string>> = {
  is_archived: "Unarchive it, or choose another channel: `/claude-spend setup`, or governance.yml.",
  not_in_channel: "Invite me there: /invite @Claude Spend.",
  not_installed:
    "The bot is not in that Slack workspace any more: `claude-spend slack install-link` makes a link to install it again.",
  channel_not_found: "Check the name in governance.yml; a private channel needs an invitation.",
};
const REMEDY_TOKEN = "Reinstall the app and set SLACK_BOT_TOKEN.";
const REMEDY_ANY = "Check the channel's settings, or choose another one in governance.yml.";

/** News for a closed channel go to finance; where that is the closed one, to every admin. */
export function deadDestinationNews({ clock }: { readonly clock: Clock }): RerouteNews {
  return {
    fallbackOf,
    onDead: async (sql, dead) => {
      await raiseAlert(sql, { clock }, deliveryFact(dead));
    },
    onMended: async (sql, dead) => {
      const because = "Slack takes messages there again; what is still true was sent.";
      await resolveThread(sql, { clock }, { threadKey: deliveryKey(dead), because });
    },
  };
}

async function fallbackOf(sql: Sql, destination: string): Promise<readonly Destination[]> {
  const { finopsChannel, admins } = await loadOrganization({ database: sql });
  return finopsChannel !== undefined && finopsChannel !== destination
    ? [{ channel: finopsChannel }]
    : admins.map((person) => ({ person }));
}

/** For admins, who can mend it: the channels that are closed. Nothing for anybody else. */
export async function listClosedFor(sql: Sql, email: Email): Promise<readonly DeadDestination[]> {
  const person = await findPerson({ database: sql }, email);
  return person.isAdmin ? await listDead(sql) : [];
}

function deliveryKey({ destination, since }: DeadDestination): string {
  return `delivery:${destination}:${since.toISOString()}`;
}

function deliveryFact(dead: DeadDestination): AlertFact {
  const { destination, reason } = dead;
  const isEverywhere = destination === EVERYWHERE;
  const remedy = isEverywhere ? REMEDY_TOKEN : (REMEDY[reason] ?? REMEDY_ANY);
  return {
    kind: "delivery",
    factKey: deliveryKey(dead),
    threadKey: deliveryKey(dead),
    scope: ORG_SCOPE,
    severity: "critical",
    content: {
      happened: isEverywhere
        ? ["Slack ", { strong: "refuses the bot" }, ` (${reason}).`]
        : ["I ", { strong: "can't post" }, ` in ${destination}: ${closedBecause(reason)}.`],
      brief: `${destination} is closed: ${closedBecause(reason)}`,
      follows: `${remedy} Until then its alerts go to finance; afterwards it gets what is still true.`,
    },
  };
}
