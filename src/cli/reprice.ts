/**
 * `claude-spend reprice`: what the usage of the past would cost by the prices, discounts and, where
 * asked for, owners of its own time. A statement by team first; `--apply` makes it so.
 */
import { userInfo } from "node:os";
import { pino } from "pino";
import { AppError } from "../domain/errors.ts";
import { formatUsd, usd, usdToDecimal } from "../domain/money.ts";
import {
  addMs,
  type Clock,
  DAY_MS,
  type Instant,
  type Period,
  parseLocalDate,
} from "../domain/time.ts";
import {
  advanceRerates,
  createIngestMemory,
  previewRerate,
  type RerateDeps,
  type RerateRange,
  type RerateStatement,
  requestRerate,
} from "../features/ingest/index.ts";
import { loadOrganization } from "../features/organization/index.ts";
import { type Database, inTransaction } from "../store/database.ts";
import { migrate } from "../store/migrate.ts";
import type { DefineCommand, Report } from "./command.ts";
import { withDatabase } from "./with-database.ts";

interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

export function defineRepriceCommand(define: DefineCommand, { env, clock }: Surroundings): void {
  define(
    "reprice",
    "Rate the usage of the past again: a statement first, then --apply.",
    async (_, options) =>
      await withDatabase(env, async (database) => {
        await migrate(database);
        const { timeZone } = await loadOrganization({ database });
        const day = (name: string): Instant | undefined => {
          const text = options[name];
          if (typeof text !== "string") return undefined;
          const parsed = parseLocalDate(text, timeZone);
          if (parsed !== undefined) return parsed;
          throw new AppError({
            code: "invalid",
            message: `--${name}: expected a day such as 2026-11-01, got ${text}.`,
          });
        };
        const period = periodOf(day("from"), day("until"), clock());
        const range: RerateRange = {
          period,
          onlyEstimated: options["onlyEstimated"] === true,
          includesAllocation: options["owners"] === true,
        };
        const deps = {
          database,
          clock,
          log: pino({ level: "silent" }),
          ingestMemory: createIngestMemory(),
        };
        const statement = await previewRerate(deps, range);
        if (options["apply"] !== true || statement.eventsChanged === 0) {
          return reportOf(statement, { isApplied: false });
        }
        await carryOut(deps, database, range);
        return reportOf(statement, { isApplied: true });
      }),
  )
    .requiredOption("--from <day>", "first day, in the organization's time zone")
    .option("--until <day>", "the day after the last one (default: now)")
    .option(
      "--owners",
      "decide teams, projects and people again, too, by what held when it happened",
    )
    .option("--only-estimated", "only usage that was priced by an assumption")
    .option("--apply", "make it so; what was charged is taken back and charged again");
}

function periodOf(from: Instant | undefined, until: Instant | undefined, now: Instant): Period {
  const start = from ?? now;
  const end = until ?? addMs(now, DAY_MS);
  if (start < end) return { start, end };
  throw new AppError({ code: "invalid", message: "--until: expected a day after --from." });
}

/** Ours and whatever was asked for before; a run that another process is at goes on there. */
async function carryOut(deps: RerateDeps, database: Database, range: RerateRange): Promise<void> {
  const requestedBy = `command line (${userInfo().username})`;
  await inTransaction(database, async (sql) => {
    await requestRerate(sql, deps, { range, requestedBy });
  });
  await advanceRerates(deps);
}

function reportOf(
  statement: RerateStatement,
  { isApplied }: { readonly isApplied: boolean },
): Report {
  const { eventsExamined, eventsChanged, teams, before, after } = statement;
  const difference = usd(after - before);
  const line = (name: string, was: typeof before, is: typeof before): string =>
    `${name.padEnd(24)} ${formatUsd(was).padStart(14)} ${formatUsd(is).padStart(14)} ${signed(usd(is - was)).padStart(14)}`;
  const text =
    eventsChanged === 0
      ? `Nothing changes: ${String(eventsExamined)} events are charged as they would be today.`
      : [
          `${"Team".padEnd(24)} ${"charged".padStart(14)} ${"today".padStart(14)} ${"change".padStart(14)}`,
          ...teams.map((team) => line(team.teamKey ?? "Unallocated", team.before, team.after)),
          line("All", before, after),
          "",
          `${String(eventsChanged)} of ${String(eventsExamined)} events ${isApplied ? "are charged anew" : "would be charged anew"}, ${signed(difference)} in all.`,
          isApplied
            ? "Reports, budgets and alerts follow; what was charged before stays on record."
            : "Nothing was changed: --apply makes it so.",
        ].join("\n");
  return {
    text,
    json: {
      applied: isApplied,
      events_examined: eventsExamined,
      events_changed: eventsChanged,
      before: usdToDecimal(before),
      after: usdToDecimal(after),
      teams: teams.map((team) => ({
        team: team.teamKey ?? null,
        before: usdToDecimal(team.before),
        after: usdToDecimal(team.after),
      })),
    },
  };
}

function signed(amount: Parameters<typeof formatUsd>[0]): string {
  return amount > 0n ? `+${formatUsd(amount)}` : formatUsd(amount);
}
