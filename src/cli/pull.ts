/** `claude-spend pull`: reads Anthropic's own usage and cost reports now. */

import { setTimeout as wait } from "node:timers/promises";
import { Presets, SingleBar } from "cli-progress";
import { InvalidArgumentError } from "commander";
import { pino } from "pino";
import { v4 as uuid } from "uuid";
import { readPullSettings } from "../app/anthropic.ts";
import { AppError } from "../domain/errors.ts";
import { type Clock, type Instant, instant, parseLocalDate, timeZone } from "../domain/time.ts";
import type {
  PullProgress,
  PullSettings,
  ReportOutcome,
} from "../features/provider-reports/index.ts";
import { migrate } from "../store/migrate.ts";
import type { DefineCommand, Report } from "./command.ts";
import { withDatabase } from "./with-database.ts";

interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

export function definePullCommand(define: DefineCommand, surroundings: Surroundings): void {
  define(
    "pull",
    "Read Anthropic's own usage and cost reports now, as far as they are complete.",
    async (_first, options) =>
      await runPull(surroundings, { from: atOf(options["from"]), to: atOf(options["to"]) }),
  )
    .option(
      "--from <day>",
      "from this UTC day on, YYYY-MM-DD (default: what is new or may be revised)",
      parseDay,
    )
    .option(
      "--to <day>",
      "up to this UTC day, not included (default: as far as it is complete)",
      parseDay,
    );
}

function parseDay(text: string): Instant {
  const day = parseLocalDate(text, timeZone("UTC"));
  if (day === undefined) throw new InvalidArgumentError("Expected a day as YYYY-MM-DD.");
  return day;
}

function atOf(option: unknown): Instant | undefined {
  return option instanceof Date ? instant(option) : undefined;
}

async function runPull(
  { env, clock }: Surroundings,
  window: { readonly from: Instant | undefined; readonly to: Instant | undefined },
): Promise<Report> {
  const settings = settingsOf(env);
  if (window.from !== undefined && window.to !== undefined && window.to <= window.from) {
    throw new AppError({ code: "invalid", message: "--to: expected a day after --from." });
  }
  const { pullReports } = await import("../features/provider-reports/index.ts");
  const { createIngestMemory } = await import("../features/ingest/index.ts");
  const stopping = new AbortController();
  const stop = (): void => {
    stopping.abort(new AppError({ code: "unavailable", message: "Stopped." }));
  };
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  const progress = showProgress();
  try {
    const outcomes = await withDatabase(env, async (database) => {
      await migrate(database);
      return await pullReports(
        {
          database,
          clock,
          settings,
          log: pino({ level: "fatal" }, process.stderr), // What went wrong is in the report.
          ingestMemory: createIngestMemory(),
          holder: `command line ${uuid()}`,
          signal: stopping.signal,
          wait: async (ms) => {
            await wait(ms, undefined, { signal: stopping.signal });
          },
          onProgress: progress.show,
        },
        window,
      );
    });
    return reportOf(outcomes, stopping.signal.aborted);
  } finally {
    progress.end();
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  }
}

function settingsOf(env: Surroundings["env"]): PullSettings {
  const settings = readPullSettings(env);
  if (settings !== undefined) return settings;
  throw new AppError({
    code: "invalid",
    message:
      "ANTHROPIC_ADMIN_KEY is not set. docs/sources.md says which key to make, under Anthropic's own reports.",
  });
}

function showProgress(): {
  readonly show: (progress: PullProgress) => void;
  readonly end: () => void;
} {
  const bar = new SingleBar(
    {
      format: "{report} [{bar}] {value}/{total} up to {until}",
      stream: process.stderr,
      noTTYOutput: false,
    },
    Presets.shades_classic,
  );
  let current: string | undefined;
  return {
    show: ({ report, chunksDone, chunksTotal, readUntil }) => {
      const until = readUntil.toISOString().slice(0, 16);
      if (current !== report) {
        bar.stop();
        bar.start(chunksTotal, chunksDone, { report, until });
        current = report;
      }
      bar.update(chunksDone, { report, until });
    },
    end: () => bar.stop(),
  };
}

function reportOf(outcomes: readonly ReportOutcome[], isStopped: boolean): Report {
  const lines = outcomes.map(textOf);
  return {
    text: [...lines, ...(isStopped ? ["Stopped; the next pull goes on from here."] : [])].join(
      "\n",
    ),
    json: { reports: outcomes, stopped: isStopped },
    isFailed: isStopped || outcomes.some(({ kind }) => kind === "failed"),
  };
}

function textOf(outcome: ReportOutcome): string {
  switch (outcome.kind) {
    case "pulled": {
      const { report, revisions, events, completeUntil } = outcome;
      return `${report}: complete up to ${completeUntil.toISOString()}, ${String(revisions)} rows new or changed, ${String(events)} usage events recorded.`;
    }
    case "skipped":
      return `${outcome.report}: not read, since another replica or command is reading it. Try again in a minute.`;
    case "failed":
      return `${outcome.report}: ${outcome.error}`;
  }
}
