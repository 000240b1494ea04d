/**
 * Sources, the steps of designating which source counts for a workspace or key. A designation holds
 * for usage from when it is made; what was recorded before stays as it is.
 */
import type { Clock, Instant } from "../../../domain/time.ts";
import { recordAudit } from "../../../store/audit.ts";
import { type Database, inTransaction, type Sql } from "../../../store/database.ts";
import { isSameMatch, isSourceName, type MeteringMatch, matchText } from "../rules.ts";
import {
  endMeteringDesignations,
  insertMeteringDesignation,
  listMeteringDesignations,
  lockMeteringDesignations,
  type StoredDesignation,
  updateMeteringManager,
} from "../store/metering.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
}

/** What is wanted: one source for a workspace or key. */
export interface Metering {
  readonly match: MeteringMatch;
  readonly source: string;
}

export type MeteringChange =
  | { readonly kind: "designated"; readonly match: string; readonly source: string }
  | { readonly kind: "ended"; readonly match: string; readonly source: string }
  | { readonly kind: "unchanged"; readonly match: string; readonly source: string }
  | {
      readonly kind: "refused";
      readonly reason: "not-a-name" | "governed" | "not-designated";
      readonly match: string;
    };

/** Designates the source that counts for `match`, or with `source` undefined ends what holds. */
export async function designateMeteringSource(
  { database, clock }: Deps,
  {
    match,
    source,
    actor,
  }: {
    readonly match: MeteringMatch;
    readonly source: string | undefined;
    readonly actor: string;
  },
): Promise<MeteringChange> {
  const named = matchText(match);
  if (source !== undefined && !isSourceName(source)) {
    return { kind: "refused", reason: "not-a-name", match: named };
  }
  return await inTransaction(database, async (sql) => {
    await lockMeteringDesignations(sql);
    const now = clock();
    const held = (await listInForce(sql)).find((one) => isSameMatch(one.match, match));
    if (held?.managedBy === "governance") {
      return { kind: "refused", reason: "governed", match: named };
    }
    if (source === undefined && held === undefined) {
      return { kind: "refused", reason: "not-designated", match: named };
    }
    if (source !== undefined && held?.source === source) {
      return { kind: "unchanged", match: named, source };
    }
    if (held !== undefined) await endMeteringDesignations(sql, [held.id], now);
    if (source !== undefined) {
      await insertMeteringDesignation(sql, { match, source, managedBy: "command" }, now);
    }
    await recordAudit(sql, {
      occurredAt: now,
      actor,
      action: source === undefined ? "metering ended" : "metering designated",
      subject: named,
      ...(held === undefined ? {} : { before: { source: held.source } }),
      ...(source === undefined ? {} : { after: { source } }),
    });
    return source === undefined
      ? { kind: "ended", match: named, source: held?.source ?? "" }
      : { kind: "designated", match: named, source };
  });
}

/**
 * Makes these the only designations that a governance document manages, in its transaction. One
 * that a command made for the same workspace or key is taken over.
 */
export async function replaceGovernedMetering(
  sql: Sql,
  wanted: readonly Metering[],
  now: Instant,
): Promise<void> {
  await lockMeteringDesignations(sql);
  const inForce = await listInForce(sql);
  const heldFor = (metering: Metering): StoredDesignation | undefined =>
    inForce.find(({ match }) => isSameMatch(match, metering.match));
  const kept = wanted.flatMap((metering) => {
    const held = heldFor(metering);
    return held?.source === metering.source ? [held] : [];
  });
  const ended = inForce.filter(
    (held) =>
      !kept.includes(held) &&
      (held.managedBy === "governance" ||
        wanted.some(({ match }) => isSameMatch(match, held.match))),
  );
  await endMeteringDesignations(
    sql,
    ended.map(({ id }) => id),
    now,
  );
  await updateMeteringManager(
    sql,
    kept.map(({ id }) => id),
    "governance",
  );
  for (const { match, source } of wanted) {
    if (kept.some((held) => isSameMatch(held.match, match))) continue;
    // oxlint-disable-next-line no-await-in-loop -- a few rows, in the order of the document
    await insertMeteringDesignation(sql, { match, source, managedBy: "governance" }, now);
  }
}

async function listInForce(sql: Sql): Promise<StoredDesignation[]> {
  return (await listMeteringDesignations(sql)).filter(({ validUntil }) => validUntil === undefined);
}

/** What is designated now. */
export async function listMetering({
  database,
}: Pick<Deps, "database">): Promise<readonly StoredDesignation[]> {
  return await listInForce(database);
}
