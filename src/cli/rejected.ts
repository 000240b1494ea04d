/** `claude-spend rejected`: see what could not be recorded, try it again after a fix, dismiss it. */
import { userInfo } from "node:os";
import { pino } from "pino";
import { AppError } from "../domain/errors.ts";
import { addMs, type Clock, DAY_MS, HOUR_MS, type Instant, MINUTE_MS } from "../domain/time.ts";
import {
  createIngestMemory,
  dismissRejected,
  listRejected,
  REJECTED_STATUSES,
  REJECTION_CODES,
  REMEDY,
  type RejectedEvent,
  type RejectedFilter,
  type ReplayResult,
  replayRejected,
} from "../features/ingest/index.ts";
import type { Database } from "../store/database.ts";
import { migrate } from "../store/migrate.ts";
import type { DefineCommand, Report } from "./command.ts";
import { withDatabase } from "./with-database.ts";

interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

type Options = Readonly<Record<string, unknown>>;

const LISTED = 50;
const SHOWN_MAX = 20;

export function defineRejectedCommands(define: DefineCommand, surroundings: Surroundings): void {
  const { clock } = surroundings;
  const withFilter = (defined: ReturnType<DefineCommand>): ReturnType<DefineCommand> =>
    defined
      .option("--source <name>", "only of this source")
      .option("--code <code>", `only ${REJECTION_CODES.join(", ")}`)
      .option("--event-id <id>", "only this event")
      .option("--since <span>", "only received within 30m, 24h or 7d");

  withFilter(
    define(
      "list",
      "What could not be recorded, the first received first.",
      async (_none, options) => {
        const status = statusOf(options["status"]);
        const filter = {
          ...filterOf(options, clock()),
          ...(status === undefined ? {} : { status }),
        };
        return await within(surroundings, async (deps) =>
          listed(await listRejected(deps, filter, limitOf(options["limit"]))),
        );
      },
    ),
  )
    .option("--status <status>", `${REJECTED_STATUSES.join(", ")} or all`, "open")
    .option("--limit <number>", "how many at most", String(LISTED));

  define(
    "show",
    "All that is kept of rejected events.",
    async (_first, _options, ids) =>
      await within(surroundings, async (deps) =>
        shownInFull(await listRejected(deps, { ids: idsOf(ids) }, ids.length)),
      ),
  ).argument("<ids...>");

  withFilter(
    define(
      "replay",
      "Try again after a fix, those with these ids or of this filter; trying twice counts once.",
      async (_first, options, ids) =>
        await within(surroundings, async (deps) =>
          replayed(
            await replayRejected(deps, {
              filter: chosen(options, ids, clock()),
              isAsCorrection: options["asCorrection"] === true,
              actor: actor(),
            }),
          ),
        ),
    ),
  )
    .argument("[ids...]")
    .option("--as-correction", "record a conflict as a correction of what it conflicts with")
    .option("--all", "all that are open");

  withFilter(
    define(
      "dismiss",
      "Close without recording, those with these ids or of this filter.",
      async (_first, options, ids) =>
        await within(surroundings, async (deps) => {
          const filter = chosen(options, ids, clock());
          const dismissed = await dismissRejected(deps, { filter, actor: actor() });
          return { text: `${counted(dismissed)} dismissed.`, json: { dismissed } };
        }),
    ),
  )
    .argument("[ids...]")
    .option("--all", "all that are open");
}

type Deps = Parameters<typeof replayRejected>[0];

async function within(
  { env, clock }: Surroundings,
  work: (deps: Deps) => Promise<Report>,
): Promise<Report> {
  return await withDatabase(env, async (database: Database) => {
    await migrate(database);
    const log = pino({ level: "warn" }, process.stderr);
    return await work({ database, clock, log, ingestMemory: createIngestMemory() });
  });
}

function actor(): string {
  return `command line (${userInfo().username})`;
}

function listed(events: readonly RejectedEvent[]): Report {
  return {
    text:
      events.length === 0
        ? "Nothing: all could be recorded, or was dealt with."
        : events
            .map(
              ({ id, source, eventId, code, message, timesReceived, lastReceivedAt, event }) =>
                `${id}  ${source}  ${eventId ?? "(no event_id)"}  ${code}  ${String(timesReceived)}×, last ${lastReceivedAt.toISOString()}${event === undefined ? "" : "  can be replayed"}\n    ${message}\n    ${REMEDY[code]}`,
            )
            .join("\n"),
    json: { rejected: events.map(asJson) },
  };
}

function shownInFull(events: readonly RejectedEvent[]): Report {
  return {
    text: events.map((event) => JSON.stringify(asJson(event), null, 2)).join("\n"),
    json: { rejected: events.map(asJson) },
    isFailed: events.length === 0,
  };
}

/** The names of docs/usage-events.md. */
function asJson(rejected: RejectedEvent): object {
  return {
    id: rejected.id,
    source: rejected.source,
    event_id: rejected.eventId ?? null,
    code: rejected.code,
    message: rejected.message,
    received_at: rejected.receivedAt.toISOString(),
    last_received_at: rejected.lastReceivedAt.toISOString(),
    times_received: rejected.timesReceived,
    status: rejected.status,
    resolved_at: rejected.resolvedAt?.toISOString() ?? null,
    resolved_by: rejected.resolvedBy ?? null,
    event: rejected.event ?? null,
    readable_fields: rejected.readableFields ?? null,
  };
}

function replayed({ recorded, stillRejected }: ReplayResult): Report {
  const rest = stillRejected
    .slice(0, SHOWN_MAX)
    .map(({ id, eventId, code, message }) => `  ${id}  ${eventId ?? ""}  ${code}: ${message}`);
  return {
    text: [
      `${counted(recorded)} recorded, ${String(stillRejected.length)} still rejected.`,
      ...rest,
    ].join("\n"),
    json: {
      recorded,
      still_rejected: stillRejected.map(({ eventId, ...one }) => ({
        ...one,
        event_id: eventId ?? null,
      })),
    },
    isFailed: stillRejected.length > 0,
  };
}

function counted(count: number): string {
  return count === 1 ? "1 event" : `${String(count)} events`;
}

/** Nobody changes everything by leaving something out. */
function chosen(options: Options, ids: readonly string[], now: Instant): RejectedFilter {
  const filter = filterOf(options, now);
  if (ids.length === 0 && Object.keys(filter).length === 0 && options["all"] !== true) {
    throw wrong(
      "Name events by their id, choose them by --source, --code, --event-id or --since, or say --all.",
    );
  }
  return { ...filter, ...(ids.length === 0 ? {} : { ids: idsOf(ids) }) };
}

function filterOf(options: Options, now: Instant): RejectedFilter {
  const { source, code, eventId, since } = options;
  const known = REJECTION_CODES.find((one) => one === code);
  if (code !== undefined && known === undefined) {
    throw wrong(`--code: expected one of ${REJECTION_CODES.join(", ")}.`);
  }
  return {
    ...(typeof source === "string" ? { source } : {}),
    ...(known === undefined ? {} : { code: known }),
    ...(typeof eventId === "string" ? { eventId } : {}),
    ...(typeof since === "string" ? { since: sinceOf(since, now) } : {}),
  };
}

const SPAN_MS: ReadonlyMap<string, number> = new Map([
  ["m", MINUTE_MS],
  ["h", HOUR_MS],
  ["d", DAY_MS],
]);

function sinceOf(text: string, now: Instant): Instant {
  const [, number, unit = ""] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  const unitMs = SPAN_MS.get(unit);
  if (number === undefined || unitMs === undefined) {
    throw wrong("--since: expected a span such as 30m, 24h or 7d.");
  }
  return addMs(now, -Number(number) * unitMs);
}

function statusOf(text: unknown): RejectedEvent["status"] | undefined {
  if (text === "all") return undefined;
  const status = REJECTED_STATUSES.find((one) => one === text);
  if (status === undefined) {
    throw wrong(`--status: expected ${REJECTED_STATUSES.join(", ")} or all.`);
  }
  return status;
}

function limitOf(text: unknown): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit > 0 && limit <= 10_000) return limit;
  throw wrong("--limit: expected a whole number from 1 to 10000.");
}

function idsOf(ids: readonly string[]): readonly string[] {
  for (const id of ids) {
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) {
      throw wrong(`${id}: expected an id as \`claude-spend rejected list\` shows it.`);
    }
  }
  return ids;
}

function wrong(message: string): AppError {
  return new AppError({ code: "invalid", message });
}
