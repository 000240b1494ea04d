/**
 * Governance, the steps of the file that the bot reads at its start. The file and Slack edit one
 * document: a file that says nothing new undoes nothing, and one that does is never passed over in
 * silence (ADR 0031).
 */
import { inTransaction } from "../../../store/database.ts";
import {
  checkChannels,
  type GovernanceDeps,
  governanceOf,
  saveDocument,
  sha256Of,
} from "../flow.ts";
import { namedChannels } from "../parse/channels.ts";
import { parseGovernance } from "../parse/parse-governance.ts";
import { lostChanges } from "../rules/changes.ts";
import type { Governance, GovernanceProblem } from "../rules.ts";
import * as store from "../store.ts";

export type FileOutcome =
  | {
      readonly kind: "applied";
      readonly version: number;
      readonly changes: readonly string[];
      /** What could not be checked, and what to do about it. */
      readonly warnings: readonly string[];
    }
  /** What the file says is in force. */
  | { readonly kind: "unchanged"; readonly version: number }
  /** The file is as it was; what was decided since then elsewhere stays in force. */
  | {
      readonly kind: "kept";
      readonly version: number;
      readonly since: readonly store.DocumentVersion[];
    }
  /** The file changed, and does not know of these decisions. Nothing was applied. */
  | {
      readonly kind: "would-undo";
      readonly version: number;
      readonly since: readonly store.DocumentVersion[];
      readonly lost: readonly string[];
    }
  | { readonly kind: "refused"; readonly problems: readonly GovernanceProblem[] };

/** Versions that are told of. */
const SINCE_MAX = 10;

/**
 * 1. Reads the file; with any problem nothing is touched.
 * 2. Waits for whoever else is applying a document: other replicas read their file as well.
 * 3. In force already, or as it was when it was in force last: nothing is to be done.
 * 4. Changed: applied, unless something that was decided elsewhere since then would be undone, or it
 *    names a channel that the bot can't see. What is in force stays so, whatever became of its channels.
 */
export async function applyGovernanceFile(
  deps: GovernanceDeps,
  {
    text,
    appliedBy,
    isOnlyWay,
  }: {
    readonly text: string;
    readonly appliedBy: string;
    /** The file is the truth: whatever differs from it is replaced, and forms change nothing. */
    readonly isOnlyWay: boolean;
  },
): Promise<FileOutcome> {
  const parsed = parseGovernance(text);
  if (!parsed.ok) return { kind: "refused", problems: parsed.problems };
  const { governance } = parsed;
  const contentSha256 = sha256Of(text);
  const known = await store.findLatestDocument(deps.database);
  // Slack is asked before the transaction, so that a slow Slack holds nothing.
  const checked =
    known?.contentSha256 === contentSha256
      ? { problems: [], warnings: [] }
      : await checkChannels(deps.channels, namedChannels(text, governance));
  return await inTransaction(deps.database, async (sql): Promise<FileOutcome> => {
    await store.lockGovernance(sql);
    const latest = await store.findLatestDocument(sql);
    // Of before this was kept: what the file applied last.
    const seen = (await store.findSeenFile(sql)) ?? (await store.findLatestBy(sql, appliedBy));
    const now = deps.clock();
    if (latest?.contentSha256 === contentSha256) {
      const { version } = latest;
      if (seen?.contentSha256 !== contentSha256 || seen.version !== version) {
        await store.upsertSeenFile(sql, { contentSha256, version }, now);
      }
      return { kind: "unchanged", version };
    }
    if (!isOnlyWay && latest !== undefined) {
      const since = await store.listVersions(sql, { after: seen?.version ?? 0, limit: SINCE_MAX });
      const { version } = latest;
      if (seen?.contentSha256 === contentSha256) return { kind: "kept", version, since };
      const base = seen === undefined ? undefined : await store.findDocument(sql, seen.version);
      const lost = decisionsLost({ base, latest, file: governance });
      if (lost.length > 0) return { kind: "would-undo", version, since, lost };
    }
    if (checked.problems.length > 0) return { kind: "refused", problems: checked.problems };
    const document = { latest, text, governance, appliedBy, origin: { via: "file" } } as const;
    const { version, changes, warnings } = await saveDocument(deps, sql, document);
    await store.upsertSeenFile(sql, { contentSha256, version }, now);
    return { kind: "applied", version, changes, warnings: [...checked.warnings, ...warnings] };
  });
}

/**
 * What was decided between the file's own version and the one in force, and is not in the file. A
 * file that was never in force knows of nothing: all that is in force counts as decided. So does it
 * where the file's own version can't be read any more.
 */
function decisionsLost(of: {
  readonly base: store.AppliedDocument | undefined;
  readonly latest: store.AppliedDocument;
  readonly file: Governance;
}): readonly string[] {
  const current = governanceOf(of.latest);
  return current === undefined
    ? []
    : lostChanges({ base: governanceOf(of.base), current, file: of.file });
}
