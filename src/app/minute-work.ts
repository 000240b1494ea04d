/** What the program looks at every minute, whatever else goes on; each finds in Postgres what is due. */
import type { Logger } from "pino";
import type { Clock } from "../domain/time.ts";
import { releaseHeldAlerts } from "../features/alerts/index.ts";
import {
  type ApproverGroups,
  escalateApprovals,
  expireApprovals,
  followAuthority,
  remindApprovers,
} from "../features/approvals/index.ts";
import { checkDueWatches, endRaises } from "../features/budgets/index.ts";
import { sendDueDigests, slackReaders } from "../features/digests/index.ts";
import {
  foldTeamSpend,
  forgetOldRejected,
  tellOfRejected,
  tendPartitions,
} from "../features/ingest/index.ts";
import { lookAround } from "../features/insights/index.ts";
import { tellOfArrivals } from "../features/onboarding/index.ts";
import type { Directory } from "../slack/directory.ts";
import type { SlackWeb } from "../slack/web.ts";
import type { Database } from "../store/database.ts";

interface MinuteWorkDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly web: SlackWeb;
  readonly directory: Directory;
  /** Whole months of usage to keep before the current one; undefined: all. */
  readonly retentionMonths?: number | undefined;
  readonly approverGroups: ApproverGroups;
}

/** One after the other, in this order. */
export function minuteWork({
  database,
  clock,
  log,
  retentionMonths,
  approverGroups,
  web,
  directory,
}: MinuteWorkDeps): readonly (() => Promise<unknown>)[] {
  const readersOf = slackReaders({ web, directory });
  return [
    async () => await tendPartitions({ database, clock, log, retentionMonths }),
    async () => await checkDueWatches({ database, clock }),
    async () => await sendDueDigests({ database, clock, log, readersOf }),
    async () => await lookAround({ database, clock, log }),
    async () => await releaseHeldAlerts({ database, clock }),
    async () => await expireApprovals({ database, clock }),
    async () => await escalateApprovals({ database, clock }),
    async () => await remindApprovers({ database, clock, approverGroups }),
    async () => await followAuthority({ database, clock }),
    async () => await endRaises({ database, clock }),
    async () => await tellOfRejected({ database, clock }),
    async () => await forgetOldRejected({ database, clock }),
    async () => await tellOfArrivals({ database, clock }),
    async () => await foldTeamSpend({ database }),
  ];
}
