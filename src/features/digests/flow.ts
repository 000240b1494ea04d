/** Digests, the steps: claim a slot, load its numbers, put the message into the outbox. */
import type { Logger } from "pino";
import { formatScope, type Scope } from "../../domain/scope.ts";
import type { Clock, Instant, Period } from "../../domain/time.ts";
import { enqueueMessage } from "../../slack/outbox.ts";
import { type Database, inTransaction, type Sql } from "../../store/database.ts";
import { listBudgetStatus } from "../budgets/index.ts";
import {
  listTeams,
  loadOrganization,
  type Organization,
  type Team,
} from "../organization/index.ts";
import { type GroupKey, listSpend, scopeName } from "../showback/index.ts";
import { type DigestContent, digestMessage } from "./messages.ts";
import {
  type Digest,
  type DigestSchedule,
  decideSlot,
  digestSpan,
  movers,
  nextSlot,
} from "./rules.ts";
import {
  claimDueDigest,
  countRejectedEvents,
  countUndelivered,
  listOpenRequestTitles,
  replaceDigests,
  updateNextRun,
} from "./store.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Puts every digest that is due into the outbox; says how many. Slot, message and the next slot are
 * one transaction, so a slot is told once whatever crashes and however many replicas run. One that
 * fails stays due and holds up no other; what the first one threw is thrown at the end.
 */
export async function sendDueDigests({ database, clock, log }: Deps): Promise<number> {
  const failures = new Map<string, unknown>();
  let count = 0;
  for (;;) {
    const claim: { digest: Digest | undefined } = { digest: undefined };
    try {
      // oxlint-disable-next-line no-await-in-loop -- one transaction a digest, until none is due
      await inTransaction(database, async (sql) => {
        const now = clock();
        claim.digest = await claimDueDigest(sql, now, [...failures.keys()]);
        if (claim.digest !== undefined) await decideDigest(sql, claim.digest, { now, log });
      });
      if (claim.digest === undefined) break;
      count += 1;
    } catch (error) {
      if (claim.digest === undefined) throw error;
      failures.set(claim.digest.digestKey, error);
      log.warn({ err: error, digest_key: claim.digest.digestKey }, "digest will be tried again");
    }
  }
  for (const failure of failures.values()) throw failure;
  return count;
}

async function decideDigest(
  sql: Sql,
  digest: Digest,
  { now, log }: { readonly now: Instant; readonly log: Logger },
): Promise<void> {
  const decision = decideSlot(digest, now);
  if (decision.kind === "send") {
    const content = await loadContent(sql, digest, digest.nextRunAt);
    await enqueueMessage(
      sql,
      {
        dedupeKey: `digest:${digest.digestKey}:${digest.nextRunAt.toISOString()}`,
        kind: "digest",
        destination: { channel: digest.channel },
        message: digestMessage(content),
      },
      now,
    );
  }
  await updateNextRun(sql, digest.digestKey, decision.next);
  log.info(
    {
      work: "digest",
      outcome: decision.kind,
      digest_key: digest.digestKey,
      slot: digest.nextRunAt,
    },
    "digest slot decided",
  );
}

async function loadContent(sql: Sql, digest: Digest, slot: Instant): Promise<DigestContent> {
  const { scope } = digest;
  const span = digestSpan(digest, slot);
  const [organization, teams] = [
    await loadOrganization({ database: sql }),
    await listTeams({ database: sql }),
  ];
  const rowsOf = async (period: Period, key: GroupKey) =>
    (await listSpend(sql, { scope, period, zone: digest.zone, groupBy: [key] })).map((row) => ({
      key: row.group[key] ?? null,
      cost: row.cost,
    }));
  const by = scope.kind === "org" ? "team" : "project";
  const [total] = await listSpend(sql, {
    scope,
    period: span.current,
    zone: digest.zone,
    groupBy: [],
  });
  const [previous] = await listSpend(sql, {
    scope,
    period: span.previous,
    zone: digest.zone,
    groupBy: [],
  });
  return {
    name: scopeName(scope, teams, organization),
    every: digest.every,
    zone: digest.zone,
    period: span.current,
    cost: total?.cost,
    requests: total?.requests ?? 0,
    previousCost: previous?.cost,
    by,
    owners: movers(await rowsOf(span.current, by), await rowsOf(span.previous, by)).map(
      (mover) => ({
        ...mover,
        name: by === "team" ? teamName(mover.key, teams) : mover.key,
      }),
    ),
    models: movers(await rowsOf(span.current, "model"), await rowsOf(span.previous, "model")),
    budgets: await loadBudgets(sql, { scope, slot, teams, organization }),
    openRequests: await listOpenRequestTitles(
      sql,
      scope.kind === "org" ? undefined : formatScope(scope),
    ),
    rejectedEvents: scope.kind === "org" ? await countRejectedEvents(sql, span.current) : 0,
    undelivered: scope.kind === "org" ? await countUndelivered(sql, span.current) : 0,
    asOf: slot,
  };
}

function teamName(
  key: string | null,
  teams: readonly { readonly key: string; readonly name: string }[],
): string | null {
  return teams.find((team) => team.key === key)?.name ?? key;
}

/** The budgets of the scope; for the organization also those of its teams. */
async function loadBudgets(
  sql: Sql,
  {
    scope,
    slot,
    teams,
    organization,
  }: {
    readonly scope: Scope;
    readonly slot: Instant;
    readonly teams: readonly Team[];
    readonly organization: Organization;
  },
): Promise<DigestContent["budgets"]> {
  const scopes: readonly Scope[] =
    scope.kind === "org"
      ? [scope, ...teams.map((team): Scope => ({ kind: "team", key: team.key }))]
      : [scope];
  const budgets: DigestContent["budgets"][number][] = [];
  for (const one of scopes) {
    // oxlint-disable-next-line no-await-in-loop -- one connection, one question after the other
    const statuses = await listBudgetStatus(sql, { scope: one, now: slot });
    budgets.push(
      ...statuses.map((status) => ({
        name: scopeName(one, teams, organization),
        periodKind: status.periodKind,
        percent: status.percent,
        limit: status.limit,
        spend: status.spend,
      })),
    );
  }
  return budgets;
}

/** What governance says of digests. One that stays keeps its next slot. */
export async function replaceGovernedDigests(
  sql: Sql,
  digests: readonly (DigestSchedule &
    Pick<Digest, "channel" | "scope"> & { readonly key: string })[],
  now: Instant,
): Promise<void> {
  await replaceDigests(
    sql,
    digests.map((digest) => ({
      ...digest,
      digestKey: digest.key,
      nextRunAt: nextSlot(digest, now),
    })),
  );
}
