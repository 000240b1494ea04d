/** `claude-spend audit`: verify the trail, export it, report on separation of duties. */
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { stringify } from "csv-stringify";
import { AppError } from "../domain/errors.ts";
import { usd, usdToDecimal } from "../domain/money.ts";
import { parseScope } from "../domain/scope.ts";
import { type Clock, type Instant, instant } from "../domain/time.ts";
import {
  type ChainedEntry,
  dutiesLines,
  exportAudit,
  filterOfScope,
  reportDutiesOf,
} from "../features/audit/index.ts";
import { type ChainAnchor, verifyAuditChain } from "../store/audit-chain.ts";
import { migrate } from "../store/migrate.ts";
import { CHAIN_PROBLEM_TEXT } from "./check-audit.ts";
import type { DefineCommand, Report } from "./command.ts";
import { withDatabase } from "./with-database.ts";

interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

type Options = Readonly<Record<string, unknown>>;

export function defineAuditCommands(define: DefineCommand, { env, clock }: Surroundings): void {
  define(
    "verify",
    "Check that no entry was changed, added or removed.",
    async (_none, options) => await verify(env, options),
  ).option("--anchor <number:hash>", "an earlier end of the trail, as verify printed it then");

  define(
    "export",
    "Write entries, the oldest first, to a file or to the output.",
    async (_none, options) => await write(env, options),
  )
    .option("--format <format>", "csv or json (one entry a line)", "csv")
    .option("--from <time>", "only from this instant or day on (UTC)")
    .option("--until <time>", "only before this instant or day (UTC)")
    .option("--scope <scope>", "only what concerns it: team:search, org, …")
    .option("--out <file>", "where to; - is the output", "-");

  define(
    "duties",
    "Who asked, who approved, and where the two come too close.",
    async (_none, options) => await duties({ env, clock }, options),
  )
    .option("--from <time>", "from this instant or day on; 90 days back unless given")
    .option("--until <time>", "before this instant or day; now unless given");
}

async function verify(env: Surroundings["env"], options: Options): Promise<Report> {
  const anchor = anchorOf(options["anchor"]);
  const verdict = await withDatabase(env, async (database) => {
    await migrate(database);
    return await verifyAuditChain(database, anchor);
  });
  if (verdict.kind === "intact") {
    const end = `${String(verdict.entries)}:${verdict.headHash}`;
    return {
      text: `Intact: ${String(verdict.entries)} entries. Note this somewhere else, to verify with --anchor later:\n${end}`,
      json: { ...verdict, anchor: end },
    };
  }
  const which = verdict.sequence === undefined ? "Entry" : `Entry ${String(verdict.sequence)}`;
  const id = verdict.auditEntryId === undefined ? "" : ` (${verdict.auditEntryId})`;
  return {
    text: `BROKEN. ${which}${id}: ${CHAIN_PROBLEM_TEXT[verdict.problem]}.`,
    json: verdict,
    isFailed: true,
  };
}

async function write(env: Surroundings["env"], options: Options): Promise<Report> {
  const format = options["format"];
  if (format !== "csv" && format !== "json") {
    throw new AppError({ code: "invalid", message: "--format: expected csv or json." });
  }
  const scope = scopeOf(options["scope"]);
  const out = typeof options["out"] === "string" ? options["out"] : "-";
  const bounds = boundsOf(options);
  const count = await withDatabase(env, async (database) => {
    await migrate(database);
    const filter = scope === undefined ? {} : await filterOfScope({ database }, scope);
    const target = out === "-" ? process.stdout : await openFile(out);
    return await writeEntries(exportAudit({ database }, { ...filter, ...bounds }), format, target);
  });
  // On the output only what was asked for: it may be piped into another program.
  const text = out === "-" ? "" : `${String(count)} entries written to ${out}.`;
  return { text, json: { entries: count, out, format }, isSilent: out === "-" };
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

const COLUMNS = [
  "sequence",
  "occurred_at",
  "actor",
  "action",
  "subject",
  "before",
  "after",
  "rule",
  "origin",
  "audit_entry_id",
  "previous_hash",
  "entry_hash",
] as const;

/** Streams entries to `target`; returns how many. A CSV's cells never begin like a formula. */
export async function writeEntries(
  entries: AsyncIterable<ChainedEntry>,
  format: "csv" | "json",
  target: Writable,
): Promise<number> {
  let count = 0;
  const records = async function* (): AsyncGenerator<object> {
    for await (const entry of entries) {
      count += 1;
      yield exported(entry);
    }
  };
  const lines = async function* (): AsyncGenerator<string> {
    for await (const record of records()) yield `${JSON.stringify(record)}\n`;
  };
  const end = target !== process.stdout;
  if (format === "json") {
    await pipeline(Readable.from(lines()), target, { end });
  } else {
    const csv = stringify({ header: true, columns: [...COLUMNS], escape_formulas: true });
    await pipeline(Readable.from(records()), csv, target, { end });
  }
  return count;
}

function exported(entry: ChainedEntry): object {
  return {
    sequence: entry.sequence,
    occurred_at: entry.occurredAt.toISOString(),
    actor: entry.actor,
    action: entry.action,
    subject: entry.subject,
    before: entry.before ?? null,
    after: entry.after ?? null,
    rule: entry.rule ?? null,
    origin: entry.origin ?? null,
    audit_entry_id: entry.auditEntryId,
    previous_hash: entry.previousHash,
    entry_hash: entry.entryHash,
  };
}

async function duties({ env, clock }: Surroundings, options: Options): Promise<Report> {
  const { from, until, report } = await withDatabase(env, async (database) => {
    await migrate(database);
    return await reportDutiesOf({ database, clock }, boundsOf(options));
  });
  const parts = dutiesLines(report).map(({ title, lines }) =>
    [title, ...(lines.length === 0 ? ["none"] : lines).map((line) => `  ${line}`)].join("\n"),
  );
  return {
    text: [`Granted from ${from.toISOString()} to ${until.toISOString()}`, ...parts].join("\n\n"),
    json: plain({ from, until, ...report }),
    isFailed: report.own.length > 0,
  };
}

/** Amounts as decimal text, everything else as JSON has it. */
function plain(report: object): object {
  return Object.fromEntries(
    Object.entries(report).map(([name, value]: [string, unknown]) => [name, plainValue(value)]),
  );
}

function plainValue(value: unknown): unknown {
  if (typeof value === "bigint") return usdToDecimal(usd(value));
  if (Array.isArray(value)) return value.map(plainValue);
  if (value instanceof Date || typeof value !== "object" || value === null) return value;
  return plain(value);
}

function anchorOf(option: unknown): ChainAnchor | undefined {
  if (option === undefined) return undefined;
  const [, sequence = "", hash = ""] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(textOf(option)) ?? [];
  if (hash !== "") return { sequence: Number(sequence), hash };
  throw new AppError({
    code: "invalid",
    message: "--anchor: expected what verify printed: a number, a colon and 64 hexadecimal digits.",
  });
}

function scopeOf(option: unknown): ReturnType<typeof parseScope> {
  if (option === undefined) return undefined;
  const scope = typeof option === "string" ? parseScope(option) : undefined;
  if (scope !== undefined) return scope;
  throw new AppError({
    code: "invalid",
    message: "--scope: expected a scope such as org, team:search or project:checkout.",
  });
}

function boundsOf(options: Options): {
  readonly from: Instant | undefined;
  readonly until: Instant | undefined;
} {
  const from = instantOf("--from", options["from"]);
  const until = instantOf("--until", options["until"]);
  if (from !== undefined && until !== undefined && from >= until) {
    throw new AppError({ code: "invalid", message: "--until: expected a time after --from." });
  }
  return { from, until };
}

/** "2026-11-01" is that day's midnight in UTC; anything else must name its zone. */
function instantOf(name: string, option: unknown): Instant | undefined {
  if (option === undefined) return undefined;
  const text = textOf(option);
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const isInstant = /^\d{4}-\d{2}-\d{2}T[\d:.]+(?:Z|[+-]\d{2}:\d{2})$/.test(text);
  if ((isDay || isInstant) && !Number.isNaN(Date.parse(text))) return instant(text);
  throw new AppError({
    code: "invalid",
    message: `${name}: expected a day such as 2026-11-01, or an instant such as 2026-11-01T00:00:00Z.`,
  });
}

function textOf(option: unknown): string {
  return typeof option === "string" ? option : "";
}
