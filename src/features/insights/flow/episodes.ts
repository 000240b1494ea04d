/** What becomes of a look's findings: episodes that open, go on and end, and what is told of them. */
import type { AlertContent } from "../../../domain/alert.ts";
import type { Usd } from "../../../domain/money.ts";
import type { Clock, Instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import { raiseAlert, resolveThread } from "../../alerts/index.ts";
import { type Episode, type Finding, isOver, tellingOf } from "../rules.ts";
import { insertEpisode, updateEnded, updateSeen } from "../store/episodes.ts";

interface Deps {
  readonly clock: Clock;
}

export interface Look {
  readonly now: Instant;
  /** All that are open of the kinds that were looked for, locked. */
  readonly open: readonly Episode[];
  readonly findings: readonly Finding[];
  /** What it comes from, asked for only when it is told. */
  readonly driversOf?: (finding: Finding) => Promise<AlertContent["drivers"]>;
  /** Why an episode that was not found any more is over; undefined: it is not. */
  readonly endOf: (episode: Episode) => string | undefined;
}

/**
 * In the caller's transaction: 1. each finding opens an episode or continues its own, and is told
 * when it is new or has grown a lot; 2. what was not found and is over ends, and says so.
 */
export async function recordFindings(sql: Sql, deps: Deps, look: Look): Promise<void> {
  const { now, open, findings } = look;
  const openOf = new Map(open.map((episode) => [keyOf(episode), episode]));
  for (const finding of findings) {
    const episode = openOf.get(keyOf(finding));
    openOf.delete(keyOf(finding));
    // oxlint-disable-next-line no-await-in-loop -- one connection, one statement at a time
    await recordFinding(sql, deps, { ...look, episode, finding });
  }
  for (const episode of openOf.values()) {
    const because = isOver(episode, now) ? look.endOf(episode) : undefined;
    if (because === undefined) continue;
    // oxlint-disable-next-line no-await-in-loop -- one connection, one statement at a time
    await updateEnded(sql, episode, now);
    // oxlint-disable-next-line no-await-in-loop -- one connection, one statement at a time
    await resolveThread(sql, deps, { threadKey: episode.threadKey, because });
  }
}

async function recordFinding(
  sql: Sql,
  deps: Deps,
  of: Pick<Look, "now" | "driversOf"> & {
    readonly episode: Episode | undefined;
    readonly finding: Finding;
  },
): Promise<void> {
  const { episode, finding, now } = of;
  const threadKey = episode?.threadKey ?? `${finding.kind}:${finding.subject}:${now.toISOString()}`;
  const telling = tellingOf(episode, finding);
  const told = telling.kind === "nothing" ? episode?.told : finding.amount;
  if (episode === undefined) await insertEpisode(sql, finding, { now, threadKey, told });
  else await updateSeen(sql, episode, { ...finding, now, told });

  const isNew = episode === undefined;
  if (telling.kind === "nothing" && !isNew) return;
  const drivers = await of.driversOf?.(finding);
  await raiseAlert(sql, deps, {
    kind: finding.kind,
    // An episode is found once, told first once, and told again at each multiple once.
    factKey: `${threadKey}:${factName(telling.kind, finding.amount)}`,
    threadKey,
    scope: finding.scope,
    severity: finding.severity,
    content: {
      ...finding.content,
      ...(drivers === undefined ? {} : { drivers }),
      // Usage of today, which nobody has billed yet.
      ...(finding.kind === "silence"
        ? {}
        : { basis: { kind: "estimated", asOf: now.toISOString() } }),
    },
    ...(finding.excess === undefined ? {} : { excess: finding.excess }),
    ...(telling.kind === "nothing" ? { silentBecause: "part-of-another" } : {}),
  });
}

function factName(telling: "nothing" | "first" | "again", amount: Usd): string {
  if (telling === "nothing") return "part";
  return telling === "first" ? "found" : `grown:${String(amount)}`;
}

function keyOf({ kind, subject }: Pick<Episode, "kind" | "subject">): string {
  return `${kind} ${subject}`;
}
