/** `claude-spend close`, `statement` and `export`: months, what they come to, and their charges. */
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { userInfo } from "node:os";
import type { Writable } from "node:stream";
import { AppError } from "../domain/errors.ts";
import { formatUsd, usdToDecimal } from "../domain/money.ts";
import { type Month, parseMonth } from "../domain/month.ts";
import {
  type Clock,
  type Instant,
  localDate,
  type Period,
  parseLocalDate,
} from "../domain/time.ts";
import {
  type Calendar,
  type CloseResult,
  closeMonth,
  type Exported,
  exportCharges,
  FOCUS_COLUMNS,
  FOCUS_DECIMALS,
  type FocusRow,
  loadCalendar,
  loadStatement,
  onlyTeam,
  periodOfMonth,
  STATEMENT_COLUMNS,
  STATEMENT_DECIMALS,
  statementJson,
  statementRows,
  statementText,
} from "../features/chargeback/index.ts";
import { migrate } from "../store/migrate.ts";
import type { DefineCommand, Report } from "./command.ts";
import { csvOf } from "./csv.ts";
import { withDatabase } from "./with-database.ts";

interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

type Options = Readonly<Record<string, unknown>>;

export function defineChargebackCommands(define: DefineCommand, around: Surroundings): void {
  define(
    "close",
    "Close a month for ever: its statement stays, later changes become adjustments.",
    async (month) => await close(around, monthOf("month", month)),
  ).argument("<month>", "such as 2026-10, in the organization's time zone");

  define(
    "statement",
    "What each team is charged for a month, closed or as it stands.",
    async (month, options) => await show(around, monthOf("month", month), options),
  )
    .argument("<month>", "such as 2026-10")
    .option("--team <key>", "only this team; unallocated for what is nobody's")
    .option("--csv", "a row for each project");

  define(
    "export",
    "Write the charges of a period as FOCUS rows, to a file or to the output.",
    async (_none, options) => await write(around, options),
  )
    .option("--month <month>", "a month such as 2026-10")
    .option("--from <day>", "instead of --month: first day, in the organization's time zone")
    .option("--until <day>", "the day after the last one")
    .option("--format <format>", "csv or ndjson", "csv")
    .option("--out <file>", "where to; - is the output", "-");
}

async function close({ env, clock }: Surroundings, month: Month): Promise<Report> {
  const actor = `command line (${userInfo().username})`;
  const result = await withDatabase(env, async (database) => {
    await migrate(database);
    return await closeMonth({ database, clock }, { month, actor });
  });
  return closeReport(month, result);
}

function closeReport(month: Month, result: CloseResult): Report {
  const refused = (message: string): Report => ({
    text: message,
    json: { result: result.kind, month, message },
    isFailed: true,
  });
  switch (result.kind) {
    case "closed":
      return {
        text: `${statementText(result.statement)}\n\n${month} is closed. What changes of it from now on is an adjustment of the next month.`,
        json: { result: "closed", ...statementJson(result.statement) },
      };
    case "already-closed":
      return {
        text: `${month} was closed on ${result.closed.closedAt.toISOString().slice(0, 10)} by ${result.closed.closedBy}; nothing was done.`,
        json: { result: "already-closed", month, closed_at: result.closed.closedAt },
      };
    case "not-over":
      return refused(`${month} is not over before ${result.end.toISOString()}.`);
    case "not-next":
      return refused(`Months are closed in order, and ${result.next} is open: close it first.`);
    case "settled":
      return refused(
        `Closing began with ${result.first}: what comes late for ${month} is an adjustment.`,
      );
  }
}

async function show({ env, clock }: Surroundings, month: Month, options: Options): Promise<Report> {
  const team = options["team"];
  const whole = await withDatabase(env, async (database) => {
    await migrate(database);
    return await loadStatement({ database, clock }, month);
  });
  const statement = typeof team === "string" ? onlyTeam(whole, team) : whole;
  const csv = (): string =>
    csvOf(statementRows(statement), {
      columns: STATEMENT_COLUMNS,
      decimals: STATEMENT_DECIMALS,
      header: true,
    }).trimEnd();
  return {
    text: options["csv"] === true ? csv() : statementText(statement),
    json: statementJson(statement),
  };
}

async function write({ env, clock }: Surroundings, options: Options): Promise<Report> {
  const format = options["format"];
  if (format !== "csv" && format !== "ndjson") {
    throw new AppError({ code: "invalid", message: "--format: expected csv or ndjson." });
  }
  const out = typeof options["out"] === "string" ? options["out"] : "-";
  const exported = await withDatabase(env, async (database) => {
    await migrate(database);
    const period = periodOf(options, await loadCalendar(database));
    const target = out === "-" ? process.stdout : await openFile(out);
    const done = await exportCharges({ database, clock }, period, rowWriter(target, format));
    if (target !== process.stdout) {
      target.end();
      await once(target, "close");
    }
    return done;
  });
  process.stderr.write(`${summary(exported)}\n`);
  return {
    text: out === "-" ? "" : `Written to ${out}.`,
    json: {
      out,
      format,
      rows: exported.rows,
      usage_cost: usdToDecimal(exported.usage),
      spend: usdToDecimal(exported.spend),
      billed_cost: usdToDecimal(exported.billed),
      effective_cost: usdToDecimal(exported.effective),
    },
    isSilent: out === "-",
    isFailed: exported.usage !== exported.spend,
  };
}

function summary({ rows, usage, billed, effective, spend }: Exported): string {
  const amounts = `${String(rows)} rows: usage ${formatUsd(usage)}, billed ${formatUsd(billed)}, effective ${formatUsd(effective)}.`;
  return usage === spend
    ? `${amounts} Usage is what reports say.`
    : `${amounts} Reports say ${formatUsd(spend)}: charges of the period are no longer kept (RETENTION_MONTHS).`;
}

/** Takes rows as fast as the target does, and says on a terminal how many there were. */
export function rowWriter(
  target: Writable,
  format: "csv" | "ndjson",
): (rows: readonly FocusRow[]) => Promise<void> {
  let count = 0;
  let isFirst = true;
  return async (rows) => {
    const text =
      format === "ndjson"
        ? rows.map((row) => `${JSON.stringify(row)}\n`).join("")
        : csvOf(rows, { columns: FOCUS_COLUMNS, decimals: FOCUS_DECIMALS, header: isFirst });
    isFirst = false;
    if (text !== "" && !target.write(text)) await once(target, "drain");
    count += rows.length;
    if (process.stderr.isTTY) process.stderr.write(`\r${String(count)} rows\r`);
  };
}

/** Opened before anything is read, so that a wrong path is said at once. */
async function openFile(path: string): Promise<Writable> {
  const file = createWriteStream(path, { mode: 0o600 });
  try {
    await once(file, "open");
  } catch (cause) {
    throw new AppError({ code: "invalid", message: `--out: can't write ${path}.`, cause });
  }
  return file;
}

function periodOf(options: Options, calendar: Calendar): Period {
  const { month, from, until } = options;
  if (typeof month === "string" && from === undefined && until === undefined) {
    return periodOfMonth(monthOf("--month", month), calendar);
  }
  if (month === undefined && typeof from === "string" && typeof until === "string") {
    const [start, end] = [dayOf("--from", from, calendar), dayOf("--until", until, calendar)];
    if (start < end) return { start, end };
    throw new AppError({
      code: "invalid",
      message: `--until: expected a day after ${localDate(start, calendar.zone)}.`,
    });
  }
  throw new AppError({
    code: "invalid",
    message: "Expected either --month, or --from and --until.",
  });
}

function dayOf(name: string, text: string, { zone }: Calendar): Instant {
  const day = parseLocalDate(text, zone);
  if (day !== undefined) return day;
  throw new AppError({
    code: "invalid",
    message: `${name}: expected a day such as 2026-10-01, got ${text}.`,
  });
}

function monthOf(name: string, text: string): Month {
  const month = parseMonth(text);
  if (month !== undefined) return month;
  throw new AppError({
    code: "invalid",
    message: `${name}: expected a month such as 2026-10, got ${text}.`,
  });
}
