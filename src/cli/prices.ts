/** `claude-spend prices`: what counts, what a file would change, and recording it. */
import { readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { AppError } from "../domain/errors.ts";
import { type Usd, usd, usdToDecimal } from "../domain/money.ts";
import { addMs, type Clock, DAY_MS } from "../domain/time.ts";
import { LATENESS_MAX_MS, requestRerate } from "../features/ingest/index.ts";
import {
  listPrices,
  loadPriceList,
  type ParsedPriceFile,
  PRICE_FILE_BYTES_MAX,
  type PriceChange,
  parsePriceFile,
  previewPrices,
  type RecordPricesResult,
  recordPrices,
} from "../features/pricing/index.ts";
import type { Database, Sql } from "../store/database.ts";
import { migrate } from "../store/migrate.ts";
import type { DefineCommand, Report } from "./command.ts";
import { withDatabase } from "./with-database.ts";

interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

type PriceFile = Extract<ParsedPriceFile, { readonly kind: "prices" }>;

export function definePriceCommands(define: DefineCommand, surroundings: Surroundings): void {
  define("list", "Every price, from when, and where it comes from.", async (_, options) => {
    const model = typeof options["model"] === "string" ? options["model"] : undefined;
    const list = await inDatabase(surroundings, loadPriceList);
    const prices = listPrices(list).filter(
      ({ modelId }) => model === undefined || modelId === model,
    );
    return {
      text: prices.map(priceLine).join("\n") || `No price of ${model ?? "anything"}.`,
      json: { prices: prices.map(priceJson) },
    };
  }).option("--model <id>", "of one model only");

  define("diff", "What a file of prices would change; changes nothing.", async (path, options) => {
    const file = await readPriceFile(surroundings, path, options["from"]);
    const decision = await inDatabase(
      surroundings,
      async (database) => await previewPrices({ database }, file.proposals),
    );
    return reportOf(
      file,
      decision.kind === "nothing" || decision.kind === "refused"
        ? decision
        : { ...decision, isRecorded: false },
      "diff",
    );
  })
    .argument("<file>", "prices in our format (docs/prices.md) or LiteLLM's")
    .option("--from <day>", "first day, in UTC, of prices whose file names none (default: today)");

  define("apply", "Record what a file of prices changes.", async (path, options) => {
    const file = await readPriceFile(surroundings, path, options["from"]);
    const result = await inDatabase(
      surroundings,
      async (database) =>
        await recordPrices(
          { database, clock: surroundings.clock },
          {
            proposals: file.proposals,
            isConfirmed: options["confirm"] === true,
            actor: actor(),
            onRecorded: async (sql, changes) => {
              await rerateUnknown(sql, surroundings, changes);
            },
          },
        ),
    );
    return reportOf(file, result, "apply");
  })
    .argument("<file>", "prices in our format (docs/prices.md) or LiteLLM's")
    .option("--from <day>", "first day, in UTC, of prices whose file names none (default: today)")
    .option("--confirm", "record them although they look implausible");
}

function actor(): string {
  return `command line (${userInfo().username})`;
}

/** Usage of a model that was unknown so far was charged by an assumption: the worker puts it right. */
async function rerateUnknown(
  sql: Sql,
  { clock }: Surroundings,
  changes: readonly PriceChange[],
): Promise<void> {
  if (!changes.some(({ kind }) => kind === "new-model")) return;
  const now = clock();
  await requestRerate(
    sql,
    { clock },
    {
      range: {
        period: { start: addMs(now, -LATENESS_MAX_MS), end: addMs(now, DAY_MS) },
        onlyEstimated: true,
        includesAllocation: false,
      },
      requestedBy: actor(),
    },
  );
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

async function readPriceFile(
  { clock }: Surroundings,
  path: string,
  from: unknown,
): Promise<PriceFile> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new AppError({ code: "invalid", message: `Can't read ${path}.`, cause });
  });
  if (text.length > PRICE_FILE_BYTES_MAX) {
    throw new AppError({ code: "too-large", message: `${path}: expected at most 16 MiB.` });
  }
  const day = typeof from === "string" ? from : clock().toISOString().slice(0, 10);
  const file = parsePriceFile(text, day);
  if (file.kind === "prices") return file;
  const lines = file.problems.map((problem) => `${path}: ${problem}`);
  throw new AppError({ code: "invalid", message: lines.join("\n") });
}

function reportOf(file: PriceFile, result: RecordPricesResult, command: "diff" | "apply"): Report {
  const json = { format: file.format, skipped: file.skipped, ...jsonOf(result) };
  const skipped = file.skipped.map((line) => `skipped  ${line}`);
  switch (result.kind) {
    case "nothing":
      return { text: [...skipped, "These prices are in force already."].join("\n"), json };
    case "refused":
      return {
        text: [...result.problems, "Nothing was recorded."].join("\n"),
        json,
        isFailed: true,
      };
    case "change":
    case "implausible": {
      const isRefused = command === "apply" && !result.isRecorded;
      return {
        text: [
          ...skipped,
          ...result.changes.flatMap(changeLines),
          ...result.doubts.map((doubt) => `implausible  ${doubt}`),
          conclusion(result, command),
        ].join("\n"),
        json,
        isFailed: isRefused,
      };
    }
  }
}

function conclusion(
  result: Extract<RecordPricesResult, { readonly kind: "change" | "implausible" }>,
  command: "diff" | "apply",
): string {
  const count = result.changes.length === 1 ? "1 price" : `${String(result.changes.length)} prices`;
  if (result.isRecorded) {
    const rerated = result.changes.some(({ kind }) => kind === "new-model");
    return [
      `Recorded ${count}. Usage from now on is priced by them.`,
      rerated
        ? "Earlier usage of models that were unknown is re-rated by the running bot."
        : "For earlier usage, look at `claude-spend reprice --from DAY`.",
    ].join("\n");
  }
  if (command === "apply")
    return "Nothing was recorded: --confirm says that these prices are meant.";
  return `${count} would change. Nothing was recorded.`;
}

const KINDS = { "new-model": "new model", "new-price": "new price", replaced: "replaces" } as const;

function changeLines({ kind, price, rates }: PriceChange): readonly string[] {
  return [
    `${KINDS[kind]}  ${price.modelId} from ${price.from ?? "the beginning"}  (${price.source})`,
    ...rates.map(({ tokenType, before, after }) => {
      const was = before === undefined ? "" : `${perMillion(before)} -> `;
      const mark = before === undefined || before === after ? " " : "*";
      return `  ${mark} ${tokenType.padEnd(15)} ${was}${perMillion(after)}${share(before, after)}`;
    }),
  ];
}

/** How much more or less, where something changed: "  (+25 %)". */
function share(before: Usd | undefined, after: Usd): string {
  if (before === undefined || before === after) return "";
  const percent = Number(((after - before) * 1000n) / before) / 10;
  return `  (${percent > 0 ? "+" : ""}${String(percent)} %)`;
}

/** Pico-dollars a token → "$6.25" a million tokens. */
function perMillion(unitPrice: Usd): string {
  const text = usdToDecimal(usd(unitPrice * 1_000_000n)).replace(/0+$/, "");
  const [whole = "", fraction = ""] = text.split(".");
  return `$${whole}.${fraction.padEnd(2, "0")}`;
}

type ListedPrice = ReturnType<typeof listPrices>[number];

function priceLine(price: ListedPrice): string {
  const [tier] = price.tiers;
  const rates = tier === undefined ? [] : Object.values(tier.unitPrices).map(perMillion);
  return `${price.priceId.padEnd(36)} ${rates.map((rate) => rate.padStart(7)).join(" ")}  ${price.source}`;
}

function priceJson(price: ListedPrice): object {
  const rates = (unitPrices: ListedPrice["tiers"][number]["unitPrices"]): object =>
    Object.fromEntries(
      Object.entries(unitPrices).map(([type, unitPrice]) => [
        type,
        usdToDecimal(usd(unitPrice * 1_000_000n)),
      ]),
    );
  return {
    price_id: price.priceId,
    model: price.modelId,
    from: price.validFrom ?? null,
    until: price.validUntil ?? null,
    tiers: price.tiers.map(({ abovePromptTokens, unitPrices }) => ({
      above_prompt_tokens: abovePromptTokens,
      per_million: rates(unitPrices),
    })),
    fast:
      price.fast?.kind === "rates"
        ? { per_million: rates(price.fast.unitPrices) }
        : (price.fast?.kind ?? null),
    source: price.source,
  };
}

function jsonOf(result: RecordPricesResult): object {
  if (result.kind === "nothing") return { kind: result.kind };
  if (result.kind === "refused") return result;
  return {
    kind: result.kind,
    recorded: result.isRecorded,
    doubts: result.doubts,
    changes: result.changes.map(({ kind, price, rates }) => ({
      kind,
      price_id: price.priceId,
      model: price.modelId,
      from: price.from ?? null,
      rates: rates.map(({ tokenType, before, after }) => ({
        token_type: tokenType,
        before: before === undefined ? null : usdToDecimal(usd(before * 1_000_000n)),
        after: usdToDecimal(usd(after * 1_000_000n)),
      })),
    })),
  };
}
