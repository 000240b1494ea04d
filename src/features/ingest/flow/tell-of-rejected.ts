/** Tells whoever runs the organization what could not be recorded: once a source, reason and day. */
import {
  addMs,
  type Clock,
  DAY_MS,
  localDate,
  localParts,
  startOfLocalDay,
} from "../../../domain/time.ts";
import { type Destination, enqueueMessage } from "../../../slack/outbox.ts";
import { type Database, inTransaction, type Sql } from "../../../store/database.ts";
import { loadOrganization, type Organization } from "../../organization/index.ts";
import { type RejectedSummary, rejectedNotice } from "../messages/rejected.ts";
import { listRejectedGroups } from "../store/rejected-events.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
}

/** Messages about what came today and nobody has been told of; how many. */
export async function tellOfRejected({ database, clock }: Deps): Promise<number> {
  const now = clock();
  const organization = await loadOrganization({ database });
  const zone = organization.timeZone;
  const { year, month, day } = localParts(now, zone);
  const groups = await listRejectedGroups(database, {
    since: startOfLocalDay([year, month, day], zone),
  });
  if (groups.length === 0) return 0;
  return await inTransaction(database, async (sql) => {
    let told = 0;
    for (const group of groups) {
      for (const [name, destination] of destinationsOf(organization)) {
        const key = ["rejected", group.source, group.code, localDate(now, zone), name].join(":");
        // oxlint-disable-next-line no-await-in-loop -- a few
        told += await tell(sql, { key, destination, group, now });
      }
    }
    return told;
  });
}

async function tell(
  sql: Sql,
  notice: {
    readonly key: string;
    readonly destination: Destination;
    readonly group: RejectedSummary;
    readonly now: ReturnType<Clock>;
  },
): Promise<number> {
  const { key, destination, group, now } = notice;
  const entry = {
    dedupeKey: key,
    kind: "notice",
    destination,
    message: rejectedNotice(group),
  } as const;
  return (await enqueueMessage(sql, entry, now)) ? 1 : 0;
}

/** The finops channel; each admin where there is none. */
function destinationsOf({ finopsChannel, admins }: Organization): readonly [string, Destination][] {
  return finopsChannel === undefined
    ? admins.map((admin) => [admin, { person: admin }])
    : [[finopsChannel, { channel: finopsChannel }]];
}

/** What an admin should know of: open, and received within a week. */
export async function listRecentRejected({
  database,
  clock,
}: Deps): Promise<readonly RejectedSummary[]> {
  return await listRejectedGroups(database, { since: addMs(clock(), -7 * DAY_MS) });
}
