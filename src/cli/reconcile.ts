/** `claude-spend reconcile` and `accept-difference`: our total against what Anthropic bills. */
import { userInfo } from "node:os";
import { AppError } from "../domain/errors.ts";
import { formatUsd, sumUsd, usdToDecimal } from "../domain/money.ts";
import type { Clock, Period } from "../domain/time.ts";
import {
  acceptDifferences,
  causeNames,
  loadBillComparison,
  loadReconciliation,
  parseCause,
  parseReconciliationPeriod,
  reconcile,
  reconciliationJson,
  reconciliationText,
} from "../features/reconciliation/index.ts";
import type { Database } from "../store/database.ts";
import { migrate } from "../store/migrate.ts";
import type { DefineCommand } from "./command.ts";
import { withDatabase } from "./with-database.ts";

interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

type Options = Readonly<Record<string, unknown>>;

export function defineReconcileCommands(define: DefineCommand, surroundings: Surroundings): void {
  const { clock } = surroundings;
  define(
    "reconcile",
    "Compare our total with Anthropic's bill, day by day, and name each difference.",
    async (_, options) =>
      await inDatabase(surroundings, async (database) => {
        const period = periodOf(options, clock);
        const outcome = await reconcile({ database, clock }, period);
        const report = await loadReconciliation({ database }, period);
        const bills = await loadBillComparison({ database }, period, clock());
        return {
          text: reconciliationText(report, bills),
          json: { ...reconciliationJson(report, bills), changed_days: outcome.changed },
          isFailed: report.standing.driftingDays.length > 0,
        };
      }),
  )
    .option("--month <month>", "a month in UTC such as 2026-11 (default: the current one)")
    .option("--from <day>", "first day, in UTC")
    .option("--to <day>", "the day after the last one, in UTC");

  define(
    "accept-difference",
    "Take the differences of one cause as they are, with a reason for the record.",
    async (name, options) => {
      const cause = parseCause(name);
      if (cause === undefined) {
        throw new AppError({
          code: "invalid",
          message: `cause: expected one of ${causeNames().join(", ")}, got ${name}`,
        });
      }
      return await inDatabase(surroundings, async (database) => {
        const accepted = await acceptDifferences(
          { database, clock },
          {
            cause,
            period: periodOf(options, clock),
            workspaceId: textOf(options, "workspace"),
            reason: textOf(options, "reason") ?? "",
            actor: `command line (${userInfo().username})`,
          },
        );
        const amount = sumUsd(accepted.map((one) => one.amount));
        return {
          text:
            accepted.length === 0
              ? "No difference of that cause is open there. `claude-spend reconcile` shows all."
              : `Accepted ${String(accepted.length)} of ${formatUsd(amount)} in all. Each counts again as soon as it amounts to something else.`,
          json: {
            accepted: accepted.map((one) => ({
              day: one.day,
              cause: one.cause,
              workspace_id: one.workspaceId ?? null,
              amount: usdToDecimal(one.amount),
            })),
          },
          isFailed: accepted.length === 0,
        };
      });
    },
  )
    .argument("<cause>", "as `claude-spend reconcile --json` names it")
    .requiredOption("--reason <text>", "why it is all right")
    .option("--workspace <id>", "in this workspace only")
    .option("--month <month>", "a month in UTC such as 2026-11 (default: the current one)")
    .option("--from <day>", "first day, in UTC")
    .option("--to <day>", "the day after the last one, in UTC");
}

function periodOf(options: Options, clock: Clock): Period {
  return parseReconciliationPeriod(
    {
      month: textOf(options, "month"),
      from: textOf(options, "from"),
      to: textOf(options, "to"),
    },
    clock(),
  );
}

function textOf(options: Options, name: string): string | undefined {
  const value = options[name];
  return typeof value === "string" ? value : undefined;
}

async function inDatabase<T>(
  { env }: Surroundings,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  return await withDatabase(env, async (database) => {
    await migrate(database);
    return await work(database);
  });
}
