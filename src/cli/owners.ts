/** `claude-spend owners` and `unallocated`: what belongs to nobody, and which rules would catch it. */
import { pino } from "pino";
import { adminReader } from "../app/admin-reader.ts";
import { readPullSettings } from "../app/anthropic.ts";
import { formatUsd, usdToDecimal } from "../domain/money.ts";
import type { Clock } from "../domain/time.ts";
import { listSyncs, syncDirectory } from "../features/directory-sync/index.ts";
import { reportOrphans, reportUnallocated, yamlOf } from "../features/owners/index.ts";
import type { Database } from "../store/database.ts";
import { migrate } from "../store/migrate.ts";
import type { DefineCommand, Report } from "./command.ts";
import { withDatabase } from "./with-database.ts";

interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

export function defineOwnerCommands(define: DefineCommand, surroundings: Surroundings): void {
  const { env, clock } = surroundings;
  const within = async (work: (database: Database) => Promise<Report>): Promise<Report> =>
    await withDatabase(env, async (database) => {
      await migrate(database);
      return await work(database);
    });

  define(
    "owners",
    "Keys nobody owns, people in no team, teams without an owner, rules about what is gone.",
    async (_, options) =>
      await within(async (database) => {
        const failures = options["sync"] === true ? await readNow(database, surroundings) : [];
        const orphans = await reportOrphans({ database, clock });
        return ownersReport(orphans, { failures, lists: await listSyncs(database) });
      }),
  ).option("--sync", "read Anthropic's lists of workspaces, keys and members first");

  define(
    "unallocated",
    "What belongs to no team, and rules that would catch it, ready to paste.",
    async () =>
      await within(async (database) =>
        unallocatedReport(await reportUnallocated({ database, clock })),
      ),
  );
}

/** What could not be read is said, and what is known is shown. */
async function readNow(
  database: Database,
  { env, clock }: Surroundings,
): Promise<readonly string[]> {
  const settings = readPullSettings(env);
  if (settings === undefined) return ["ANTHROPIC_ADMIN_KEY is not set: nothing was read."];
  const log = pino({ level: "silent" });
  const { signal } = new AbortController();
  const reader = adminReader(
    { database, clock, log, signal },
    { budget: "anthropic-admin", access: settings.access },
  );
  const outcomes = await syncDirectory(
    { database, clock, log, signal, reader, kind: settings.kind, web: undefined },
    { isAsked: true },
  );
  return outcomes.flatMap((outcome) =>
    outcome.kind === "failed" ? [`${outcome.list}: ${outcome.error}`] : [],
  );
}

function ownersReport(
  orphans: Awaited<ReturnType<typeof reportOrphans>>,
  reading: {
    readonly failures: readonly string[];
    readonly lists: Awaited<ReturnType<typeof listSyncs>>;
  },
): Report {
  const { failures, lists } = reading;
  const { keys, people, teamsWithoutOwners, staleRules } = orphans;
  const isEmpty = [keys, people, teamsWithoutOwners, staleRules].every(
    ({ length }) => length === 0,
  );
  const part = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${line}`), ""];
  const text = [
    ...part("Not read", failures),
    ...part(
      "Lists",
      lists.map(({ list, completedAt, error }) =>
        [list, completedAt?.toISOString() ?? "never read whole", error ?? ""].join("  ").trimEnd(),
      ),
    ),
    ...part(
      "Keys nobody owns (last 30 days)",
      keys.map(({ id, name, createdBy, amount }) =>
        [formatUsd(amount).padStart(12), name ?? "", id, createdBy ?? ""].join("  ").trimEnd(),
      ),
    ),
    ...part(
      "People in no team (last 30 days)",
      people.map(({ email, amount }) => `${formatUsd(amount).padStart(12)}  ${email}`),
    ),
    ...part("Teams without an owner", teamsWithoutOwners),
    ...part(
      "Rules about what is gone",
      staleRules.map(({ position, about }) => `allocation[${String(position)}]  ${about}`),
    ),
  ].join("\n");
  return {
    text: isEmpty ? `${text}Every key, person and team has an owner.` : text.trimEnd(),
    json: {
      keys: keys.map(({ id, name, createdBy, amount }) => ({
        id,
        name: name ?? null,
        created_by: createdBy ?? null,
        cost: usdToDecimal(amount),
      })),
      people: people.map(({ email, amount }) => ({ email, cost: usdToDecimal(amount) })),
      teams_without_owners: teamsWithoutOwners,
      stale_rules: staleRules,
      not_read: failures,
      lists: lists.map(({ list, completedAt, error }) => ({
        list,
        completed_at: completedAt ?? null,
        error: error ?? null,
      })),
    },
    isFailed: failures.length > 0,
  };
}

function unallocatedReport(report: Awaited<ReturnType<typeof reportUnallocated>>): Report {
  const { total, days, suggestions, unlinked } = report;
  const lines = suggestions.map(({ by, what, name, amount, team, because }) =>
    [
      formatUsd(amount).padStart(12),
      by.padEnd(12),
      name === undefined ? what : `${name} (${what})`,
      team === undefined ? "" : `→ ${team}: ${because ?? ""}`,
    ]
      .join("  ")
      .trimEnd(),
  );
  return {
    text: [
      `Unallocated in the last ${String(days)} days: ${formatUsd(total)}`,
      ...(lines.length === 0
        ? []
        : ["", "Each rule alone would have moved:", ...lines, "", yamlOf(suggestions)]),
      ...(unlinked.length === 0
        ? []
        : [
            "",
            "Names that are linked to nobody:",
            ...unlinked.map(
              ({ name, amount }) =>
                `${formatUsd(amount).padStart(12)}  claude-spend people link ${name} ADDRESS`,
            ),
          ]),
    ].join("\n"),
    json: {
      days,
      cost: usdToDecimal(total),
      suggestions: suggestions.map(({ amount, name, team, because, ...rest }) => ({
        ...rest,
        name: name ?? null,
        team: team ?? null,
        because: because ?? null,
        cost: usdToDecimal(amount),
      })),
      unlinked: unlinked.map(({ name, amount }) => ({ name, cost: usdToDecimal(amount) })),
    },
  };
}
