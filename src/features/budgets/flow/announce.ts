/** Puts the message of an alert into the outbox, in the transaction that found the alert. */
import type { Instant } from "../../../domain/time.ts";
import { enqueueMessage } from "../../../slack/outbox.ts";
import type { Sql } from "../../../store/database.ts";
import { listTeams, loadOrganization } from "../../organization/index.ts";
import { alertMessage } from "../messages/alert.ts";
import type { NamedDriver } from "../messages/wording.ts";
import { scopeName } from "../rules/names.ts";
import { type Directory, DRIVER_KIND, type DriverKind, recipientsOf } from "../rules/recipients.ts";
import { memberScope } from "../rules.ts";
import { type Driver, listTopDrivers } from "../store/spend.ts";
import type { Announcement } from "./evaluate.ts";

/** More names than this are a report, not an alert. */
const DRIVERS_MAX = 3;

export async function loadDirectory(sql: Sql): Promise<Directory> {
  const organization = await loadOrganization({ database: sql });
  const teams = await listTeams({ database: sql });
  const { name, finopsChannel, admins } = organization;
  return {
    organizationName: name,
    teams,
    admins,
    ...(finopsChannel === undefined ? {} : { finopsChannel }),
  };
}

/** Key of an alert's message; one message for each of several recipients. */
export function alertDedupeKey(alertId: string, recipient: number): string {
  return recipient === 0 ? `alert:${alertId}` : `alert:${alertId}:${String(recipient)}`;
}

/** One message for each announcement, frozen as things are now. */
export async function announce(
  sql: Sql,
  announcements: readonly Announcement[],
  now: Instant,
): Promise<void> {
  if (announcements.length === 0) return;
  const directory = await loadDirectory(sql);
  for (const { budget, alert } of announcements) {
    const scope = memberScope(budget.coverage, alert.memberKey);
    const by = DRIVER_KIND[scope.kind];
    // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
    const drivers = await listTopDrivers(sql, { scope, by, driversMax: DRIVERS_MAX }, alert.period);
    const message = alertMessage({
      budget,
      alert,
      scope,
      name: scopeName(scope, directory),
      drivers: namedDrivers(drivers, by, directory),
      now,
    });
    for (const [position, destination] of recipientsOf(scope, directory).entries()) {
      const dedupeKey = alertDedupeKey(alert.alertId, position);
      // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
      await enqueueMessage(sql, { dedupeKey, kind: "alert", destination, message }, now);
    }
  }
}

/** Spend that belongs to nobody of that kind is named too: it may be the largest part. */
export function namedDrivers(
  drivers: readonly Driver[],
  kind: DriverKind,
  directory: Directory,
): NamedDriver[] {
  return drivers.map(({ key, cost }) => {
    if (key === undefined) return { kind, name: `no ${kind}`, cost };
    return { kind, name: kind === "team" ? scopeName({ kind, key }, directory) : key, cost };
  });
}
