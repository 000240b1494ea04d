/** Governance, the steps of looking back: versions, one version, and going back to an earlier one. */
import { AppError } from "../../../domain/errors.ts";
import { type Database, inTransaction } from "../../../store/database.ts";
import { checkChannels, type GovernanceDeps, governanceOf, saveDocument } from "../flow.ts";
import { namedChannels } from "../parse/channels.ts";
import { governanceAsJson, parseGovernance } from "../parse/parse-governance.ts";
import { adminsOf } from "../rules/authority.ts";
import { describeChanges } from "../rules/changes.ts";
import { mapping } from "../rules/values.ts";
import type { Governance, GovernanceProblem } from "../rules.ts";
import * as store from "../store.ts";

interface Deps {
  readonly database: Database;
}

/** A version with its text. */
export interface GovernanceDocument extends store.DocumentVersion {
  readonly text: string;
  readonly json: unknown;
}

/** That version, or the one in force; undefined where there is none. */
export async function findGovernanceDocument(
  { database }: Deps,
  version?: number,
): Promise<GovernanceDocument | undefined> {
  const found =
    version === undefined
      ? await store.findLatestDocument(database)
      : await store.findDocument(database, version);
  if (found === undefined) return undefined;
  const { content, contentSha256: _hash, ...about } = found;
  return { ...about, text: content, json: governanceAsJson(content) };
}

/** What a version says, or the one in force; the governance is undefined where it can't be read today. */
export async function findGovernance(
  { database }: Deps,
  version?: number,
): Promise<{ readonly version: number; readonly governance: Governance | undefined } | undefined> {
  const found =
    version === undefined
      ? await store.findLatestDocument(database)
      : await store.findDocument(database, version);
  return found === undefined
    ? undefined
    : { version: found.version, governance: governanceOf(found) };
}

/** Versions, newest first; `next` asks for the ones before them. */
export async function listGovernanceVersions(
  { database }: Deps,
  { before, limit }: { readonly before?: number | undefined; readonly limit: number },
): Promise<{
  readonly versions: readonly store.DocumentVersion[];
  readonly next: number | undefined;
}> {
  const found = await store.listVersions(database, { before, limit: limit + 1 });
  const versions = found.slice(0, limit);
  return { versions, next: found.length > limit ? versions.at(-1)?.version : undefined };
}

/** What is different in `to`, a line each. Refuses versions that there are not. */
export async function diffGovernance(
  { database }: Deps,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<readonly string[]> {
  const [before, after] = [
    await store.findDocument(database, from),
    await store.findDocument(database, to),
  ];
  const read = governanceOf(after);
  if (read === undefined || (before === undefined && from !== 0)) {
    throw new AppError({
      code: "not-found",
      message: `There is no readable version ${String(read === undefined ? to : from)} of the governance document.`,
    });
  }
  return describeChanges(governanceOf(before), read);
}

export type RestoreOutcome =
  | {
      readonly kind: "applied";
      readonly version: number;
      readonly changes: readonly string[];
      readonly warnings: readonly string[];
    }
  | { readonly kind: "unchanged"; readonly version: number }
  | { readonly kind: "overtaken"; readonly since: readonly store.DocumentVersion[] }
  | { readonly kind: "refused"; readonly problems: readonly GovernanceProblem[] }
  | { readonly kind: "unknown" }
  | { readonly kind: "forbidden" }
  | { readonly kind: "file-only" };

/**
 * Makes the text of an earlier version the newest one, with its comments. Only if the newest one is
 * still the one that `seen` says: what came after it was not looked at.
 */
export async function restoreGovernance(
  deps: GovernanceDeps,
  request: {
    readonly version: number;
    readonly seen: number;
    readonly actorEmail: string;
    readonly isFileOnly?: boolean;
  },
): Promise<RestoreOutcome> {
  if (request.isFileOnly === true) return { kind: "file-only" };
  const wanted = await store.findDocument(deps.database, request.version);
  if (wanted === undefined) return { kind: "unknown" };
  const parsed = parseGovernance(wanted.content);
  if (!parsed.ok) return { kind: "refused", problems: parsed.problems };
  const { governance } = parsed;
  const checked = await checkChannels(deps.channels, namedChannels(wanted.content, governance));
  if (checked.problems.length > 0) return { kind: "refused", problems: checked.problems };

  return await inTransaction(deps.database, async (sql): Promise<RestoreOutcome> => {
    await store.lockGovernance(sql);
    const latest = await store.findLatestDocument(sql);
    const admins = latest === undefined ? [] : adminsOf(mapping(governanceAsJson(latest.content)));
    if (!admins.includes(request.actorEmail)) return { kind: "forbidden" };
    if (latest?.contentSha256 === wanted.contentSha256) {
      return { kind: "unchanged", version: latest.version };
    }
    if (latest?.version !== request.seen) {
      const since = await store.listVersions(sql, { after: request.seen, limit: 5 });
      return { kind: "overtaken", since };
    }
    const saved = await saveDocument(deps, sql, {
      latest,
      text: wanted.content,
      governance,
      appliedBy: request.actorEmail,
      restoredVersion: wanted.version,
    });
    return { ...saved, warnings: [...checked.warnings, ...saved.warnings] };
  });
}
