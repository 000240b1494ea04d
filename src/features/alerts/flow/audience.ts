/** Who hears of a scope's alerts, with what each of them chose. Looks only. */
import type { AlertTopic } from "../../../domain/alert.ts";
import type { Email } from "../../../domain/email.ts";
import type { Scope } from "../../../domain/scope.ts";
import type { TimeZone } from "../../../domain/time.ts";
import type { Destination } from "../../../slack/outbox.ts";
import type { Sql } from "../../../store/database.ts";
import {
  listServiceAccounts,
  listTeams,
  loadOrganization,
  type Organization,
  type Team,
} from "../../organization/index.ts";
import { DEFAULT_PREFERENCES, type Preferences, wantsDirectMessage } from "../rules/preferences.ts";
import type { QuietHours } from "../rules/quiet-hours.ts";
import { type Directory, ownersOf, recipientsOf } from "../rules/recipients.ts";
import { listPreferences, listSlackTimeZones } from "../store/preferences.ts";

/** One destination of an alert. */
export interface Hearer {
  readonly destination: Destination;
  readonly isWanted: boolean;
  /** Kinds of alerts that nobody there wants to hear of. */
  readonly muted: readonly AlertTopic[];
  readonly quiet: { readonly hours: QuietHours; readonly zone: TimeZone } | undefined;
}

/** The organization as alerts need it, loaded once for a batch of facts. */
export interface Surroundings {
  readonly organization: Organization;
  readonly teams: readonly Team[];
  readonly directory: Directory;
}

export async function loadSurroundings(sql: Sql): Promise<Surroundings> {
  const organization = await loadOrganization({ database: sql });
  const teams = await listTeams({ database: sql });
  const { name, finopsChannel, admins } = organization;
  return {
    organization,
    teams,
    directory: {
      organizationName: name,
      teams,
      admins,
      serviceAccounts: await listServiceAccounts(sql),
      ...(finopsChannel === undefined ? {} : { finopsChannel }),
    },
  };
}

export async function loadAudience(
  sql: Sql,
  scope: Scope,
  { organization, directory }: Surroundings,
): Promise<Hearer[]> {
  const recipients = recipientsOf(scope, directory);
  const named = recipients.flatMap((one) => ("person" in one ? [one.person] : []));
  const owners = ownersOf(scope, directory).filter((owner) => !named.includes(owner));
  const people = [...named, ...owners];
  const chosen = await listPreferences(sql, people);
  const zones = await listSlackTimeZones(sql, people);
  const preferencesOf = (person: Email): Preferences => chosen.get(person) ?? DEFAULT_PREFERENCES;
  const hearerOf = (person: Email): Hearer => {
    const preferences = preferencesOf(person);
    const zone = preferences.timeZone ?? zones.get(person) ?? organization.timeZone;
    const { quietHours: hours } = preferences;
    return {
      destination: { person },
      isWanted: wantsDirectMessage(preferences, { scope, person }),
      // What comes to an admin for want of a channel is nobody's choice.
      muted: isOwn(scope, person) || owners.includes(person) ? preferences.muted : [],
      quiet: hours === undefined ? undefined : { hours, zone },
    };
  };
  return [
    ...recipients.map(
      (recipient): Hearer =>
        "person" in recipient
          ? hearerOf(recipient.person)
          : { destination: recipient, isWanted: true, muted: [], quiet: undefined },
    ),
    ...owners.filter((owner) => preferencesOf(owner).wantsTeams).map(hearerOf),
  ];
}

function isOwn(scope: Scope, person: Email): boolean {
  return scope.kind === "user" && scope.key === person;
}
