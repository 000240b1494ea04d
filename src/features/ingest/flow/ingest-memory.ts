/**
 * What ingest remembers between batches: who owns what, the ids of spend dimensions, the months that
 * have a place. All of it can be asked of the database again; remembering saves four queries a batch.
 */
import { assert } from "../../../domain/assert.ts";
import type { Instant } from "../../../domain/time.ts";
import { type Database, inTransaction } from "../../../store/database.ts";
import {
  ensureSpendDimensions,
  loadOwnershipTimeline,
  type OwnershipAt,
  ownershipLookup,
  type SpendDimension,
} from "../../allocation/index.ts";
import { type IdentityLookup, identityLookup, listIdentities } from "../../people/index.ts";
import {
  type Discount,
  listDiscounts,
  loadPriceList,
  type PriceList,
} from "../../pricing/index.ts";
import { listMeteringDesignations, type MeteringDesignation } from "../../sources/index.ts";
import { loadGovernanceVersion } from "../store/governance-version.ts";
import { ensureUsagePartitions } from "../store/partitions.ts";

interface Deps {
  readonly database: Database;
  readonly ingestMemory: IngestMemory;
}

/** What ingest remembers between batches; all of it can be read again from the database. */
export interface IngestMemory {
  ownership: Ownership | undefined;
  readonly dimensionIds: Map<string, number>;
  readonly unknownModels: Set<string>;
  /** "2026-9": months that events and charges can be stored in. */
  readonly months: Set<string>;
}

export interface Ownership {
  readonly governanceVersion: string;
  /** Rules, memberships and projects as they were when the usage happened. */
  readonly ownedAt: OwnershipAt;
  readonly people: IdentityLookup;
  readonly discounts: readonly Discount[];
  readonly prices: PriceList;
  readonly metering: readonly MeteringDesignation[];
}

export function createIngestMemory(): IngestMemory {
  return {
    ownership: undefined,
    dimensionIds: new Map(),
    unknownModels: new Set(),
    months: new Set(),
  };
}

/** Dimensions remembered before starting anew: bounded, whatever ids a source invents. */
const DIMENSIONS_REMEMBERED_MAX = 100_000;

/** Rules, discounts and memberships, read again only when another governance is in force. */
export async function loadOwnershipInForce({ database, ingestMemory }: Deps): Promise<Ownership> {
  const memory = ingestMemory;
  const known = memory.ownership;
  if (known !== undefined && known.governanceVersion === (await loadGovernanceVersion(database))) {
    return known;
  }
  const loaded = await inTransaction(database, async (sql) => {
    // One snapshot, so that the version and what it stands for belong together.
    await sql.query("set transaction isolation level repeatable read, read only");
    return {
      governanceVersion: await loadGovernanceVersion(sql),
      ownedAt: ownershipLookup(await loadOwnershipTimeline(sql)),
      people: identityLookup(await listIdentities(sql)),
      discounts: await listDiscounts(sql),
      prices: await loadPriceList(sql),
      metering: await listMeteringDesignations(sql),
    };
  });
  memory.ownership = loaded;
  return loaded;
}

/** Sees to it that what occurred at these times can be stored, however long ago. */
export async function ensureMonths(
  { database, ingestMemory }: Deps,
  times: readonly Instant[],
): Promise<void> {
  const { months } = ingestMemory;
  const unknown = new Map<string, Instant>();
  let last: string | undefined;
  for (const at of times) {
    const month = `${String(at.getUTCFullYear())}-${String(at.getUTCMonth() + 1)}`;
    if (month !== last && !months.has(month)) unknown.set(month, at);
    last = month;
  }
  if (unknown.size === 0) return;
  // Outside the transaction: others can use the month from now on.
  await ensureUsagePartitions(database, [...unknown.values()]);
  for (const month of unknown.keys()) months.add(month);
}

/** Ids of the dimensions, which come by `dimensionKey` as they go; unknown ones are added. */
export async function nameDimensions(
  { database, ingestMemory }: Deps,
  wanted: ReadonlyMap<string, SpendDimension>,
): Promise<ReadonlyMap<string, number>> {
  const { dimensionIds } = ingestMemory;
  const named = new Map<string, number>();
  const unknown: [string, SpendDimension][] = [];
  for (const [key, dimension] of wanted) {
    const id = dimensionIds.get(key);
    if (id === undefined) unknown.push([key, dimension]);
    else named.set(key, id);
  }
  if (unknown.length === 0) return named;
  // Outside the transaction: a name that nothing refers to yet does no harm.
  const ids = await ensureSpendDimensions(
    database,
    unknown.map(([, dimension]) => dimension),
  );
  if (dimensionIds.size + ids.length > DIMENSIONS_REMEMBERED_MAX) dimensionIds.clear();
  for (const [position, [key]] of unknown.entries()) {
    const id = ids[position];
    assert(id !== undefined, "every dimension got its id");
    dimensionIds.set(key, id);
    named.set(key, id);
  }
  return named;
}

/** Names a dimension. */
export function dimensionKey(dimension: SpendDimension): string {
  return ownerKey(dimension) + dimension.modelId;
}

/**
 * What the names of an event's dimensions begin with; the model follows. No text that Postgres can
 * store holds a NUL, so no two names are alike.
 */
export function ownerKey(owner: Omit<SpendDimension, "modelId">): string {
  const { teamKey, projectKey, userEmail, apiKeyId, workspaceId, source } = owner;
  return `${part(teamKey)}${part(projectKey)}${part(userEmail)}${part(apiKeyId)}${part(workspaceId)}${source}\0`;
}

/** An absent part differs from an empty one. */
function part(text: string | undefined): string {
  return text === undefined ? "-\0" : `+${text}\0`;
}
