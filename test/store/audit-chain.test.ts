import { cp, mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addMs, instant } from "../../src/domain/time.ts";
import { recordAudit } from "../../src/store/audit.ts";
import {
  type ChainVerdict,
  chainedText,
  FIRST_PREVIOUS_HASH,
  verifyAuditChain,
} from "../../src/store/audit-chain.ts";
import { withAuditOrigin } from "../../src/store/audit-origin.ts";
import { connect, type Database, inTransaction, type Sql } from "../../src/store/database.ts";
import { migrate } from "../../src/store/migrate.ts";
import { useDatabase, useEmptyDatabase } from "../support/database.ts";

const NOON = instant("2026-11-23T12:00:00Z");
const WRITERS = 8;

async function record(sql: Sql, index: number): Promise<void> {
  await recordAudit(sql, {
    occurredAt: addMs(NOON, index),
    actor: "dana@acme.test",
    action: "budget.limit_changed",
    subject: `budget:${String(index % 3)}`,
    ...(index % 2 === 0 ? { before: { limit_usd: "500.000000", note: 'Grüße 😀 "x"' } } : {}),
    after: { limit_usd: `${String(index)}.000000` },
    ...(index % 5 === 0 ? { rule: { role: "admin" } } : {}),
  });
}

async function sequences(sql: Sql): Promise<readonly number[]> {
  const { rows } = await sql.query<{ sequence: string }>(
    `select c.sequence::text from audit_chain c order by c.sequence`,
  );
  return rows.map(({ sequence }) => Number(sequence));
}

/** Changes what no program of ours may change, looks, and undoes it. */
async function verdictAfter(pool: Database, tamper: string): Promise<ChainVerdict> {
  const client = await connect(pool);
  try {
    await client.query("begin");
    for (const table of ["audit_entries", "audit_chain"]) {
      await client.query(`alter table ${table} disable trigger user`);
    }
    const { rowCount } = await client.query(tamper);
    if (rowCount === 0) throw new Error(`nothing was changed by: ${tamper}`);
    return await verifyAuditChain(client);
  } finally {
    await client.query("rollback");
    client.release();
  }
}

describe("the audit chain", () => {
  const db = useDatabase();

  test("of nothing is intact", async () => {
    expect(await verifyAuditChain(db.pool)).toEqual({
      kind: "intact",
      entries: 0,
      headHash: FIRST_PREVIOUS_HASH,
    });
  });

  test("has no gap and no fork when eight writers of two replicas append together", async () => {
    const replicas = [db.openPool(), db.openPool()];

    await Promise.all(
      Array.from({ length: WRITERS }, async (_, writer) => {
        for (let round = 0; round < 10; round += 1) {
          const index = writer * 100 + round * 2;
          const failing = round % 4 === 3;
          const work = inTransaction(replicas[writer % 2] ?? db.pool, async (sql) => {
            await record(sql, index);
            await record(sql, index + 1);
            if (failing) throw new Error("the change failed");
          });
          await work.catch((error: unknown) => {
            if (!failing) throw error;
          });
        }
      }),
    );

    const entries = WRITERS * 2 * 8;
    expect(await sequences(db.pool)).toEqual(Array.from({ length: entries }, (_, at) => at + 1));
    expect(await verifyAuditChain(db.pool)).toMatchObject({ kind: "intact", entries });
  });

  test("keeps the order in which one transaction recorded", async () => {
    const actions = Array.from({ length: 12 }, (_, index) => `step.${String(index)}`);
    await inTransaction(db.pool, async (sql) => {
      for (const action of actions) {
        await recordAudit(sql, { occurredAt: NOON, actor: "system", action, subject: "order" });
      }
    });

    const { rows } = await db.pool.query<{ action: string }>(
      `select e.action from audit_chain c join audit_entries e using (audit_entry_id)
        where e.subject = 'order' order by c.sequence`,
    );
    expect(rows.map(({ action }) => action)).toEqual(actions);
  });

  test("finds a change of any column of any row, and names the first one", async () => {
    const changes: readonly { readonly column: string; readonly set: string }[] = [
      { column: "occurred_at", set: "occurred_at + interval '1 microsecond'" },
      { column: "actor", set: "actor || ' '" },
      { column: "action", set: "upper(action)" },
      { column: "subject", set: "subject || '0'" },
      { column: "before", set: `coalesce(before, '{}') || '{"x":1}'` },
      { column: "before", set: "case when before is null then 'null'::jsonb end" },
      { column: "after", set: `coalesce(after, '{}') || '{"limit_usd":"9.000001"}'` },
      { column: "rule", set: `'{"role":"owner"}'` },
      { column: "origin", set: `'{"via":"cli"}'` },
      { column: "audit_entry_id", set: "gen_random_uuid()" },
    ];
    const total = (await sequences(db.pool)).length;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...changes),
        fc.integer({ min: 1, max: total }),
        async ({ column, set }, at) => {
          const verdict = await verdictAfter(
            db.pool,
            `update audit_entries set ${column} = ${set} where audit_entry_id =
               (select audit_entry_id from audit_chain where sequence = ${String(at)})`,
          );

          expect(verdict).toMatchObject({ kind: "broken", sequence: at });
        },
      ),
      { numRuns: 60 },
    );
  });

  test.each([
    ["sequence", "set sequence = 1000000 where sequence = 5", 6],
    ["previous_hash", "set previous_hash = sha256('x') where sequence = 5", 5],
    ["entry_hash", "set entry_hash = sha256('x') where sequence = 5", 5],
    ["audit_entry_id", "set audit_entry_id = gen_random_uuid() where sequence = 5", 5],
  ])("finds a change of the link's %s", async (_column, change, sequence) => {
    const verdict = await verdictAfter(db.pool, `update audit_chain ${change}`);

    expect(verdict).toMatchObject({ kind: "broken", sequence });
  });

  test("finds an entry that was rewritten together with its hash, at the one after it", async () => {
    const verdict = await verdictAfter(
      db.pool,
      `with rewritten as (
         update audit_entries set actor = 'eve' where audit_entry_id =
           (select audit_entry_id from audit_chain where sequence = 5) returning *)
       update audit_chain c
          set entry_hash = audit_entry_hash(row(r.*)::audit_entries, c.sequence, c.previous_hash)
         from rewritten r
        where c.sequence = 5`,
    );

    expect(verdict).toMatchObject({
      kind: "broken",
      sequence: 6,
      problem: "previous-hash-differs",
    });
  });

  test("finds entries that are gone, from the middle and from the end", async () => {
    const total = (await sequences(db.pool)).length;
    const lastId = `(select audit_entry_id from audit_chain where sequence = ${String(total)})`;

    expect(
      await verdictAfter(
        db.pool,
        `delete from audit_entries where audit_entry_id =
           (select audit_entry_id from audit_chain where sequence = 7)`,
      ),
    ).toMatchObject({ kind: "broken", sequence: 7, problem: "entry-missing" });
    expect(
      await verdictAfter(
        db.pool,
        `with entry as (delete from audit_entries where audit_entry_id = ${lastId} returning 1)
         delete from audit_chain where sequence = ${String(total)}`,
      ),
    ).toMatchObject({ kind: "broken", sequence: total, problem: "end-missing" });
    expect(await verdictAfter(db.pool, "delete from audit_chain_head")).toMatchObject({
      kind: "broken",
      problem: "end-missing",
    });
    expect(
      await verdictAfter(db.pool, "update audit_chain_head set last_hash = sha256('x')"),
    ).toMatchObject({ kind: "broken", problem: "end-missing" });
  });

  test("finds an entry that was put in beside it", async () => {
    const verdict = await verdictAfter(
      db.pool,
      `insert into audit_entries (audit_entry_id, occurred_at, actor, action, subject)
       values ('00000000-0000-7000-8000-000000000001', now(), 'eve', 'a', 's')`,
    );

    expect(verdict).toMatchObject({
      kind: "broken",
      problem: "not-chained",
      auditEntryId: "00000000-0000-7000-8000-000000000001",
    });
  });

  test("rewritten as a whole still differs from what somebody noted", async () => {
    const noted = await verifyAuditChain(db.pool);
    if (noted.kind !== "intact") throw new Error("expected an intact chain");
    const anchor = { sequence: noted.entries, hash: noted.headHash };
    await record(db.pool, 1);

    expect(await verifyAuditChain(db.pool, anchor)).toMatchObject({ kind: "intact" });
    expect(await verifyAuditChain(db.pool, { sequence: 3, hash: "00" })).toMatchObject({
      kind: "broken",
      sequence: 3,
      problem: "anchor-differs",
    });
    expect(await verifyAuditChain(db.pool, { sequence: 9_999, hash: "00" })).toMatchObject({
      kind: "broken",
      problem: "end-missing",
    });
  });

  test("says from where a change came", async () => {
    const origin = { via: "cli", command: "claude-spend apply", user: "root" } as const;
    await withAuditOrigin(origin, async () => {
      await recordAudit(db.pool, { occurredAt: NOON, actor: "a", action: "b", subject: "origin" });
    });

    const { rows } = await db.pool.query(
      `select origin from audit_entries where subject = 'origin'`,
    );
    expect(rows).toEqual([{ origin }]);
    expect(await verifyAuditChain(db.pool)).toMatchObject({ kind: "intact" });
  });
});

test("no two lists of fields read as the same text", () => {
  const field = fc.option(fc.string({ maxLength: 6, unit: "binary" }));
  fc.assert(
    fc.property(fc.array(field), fc.array(field), (left, right) => {
      const isSame = JSON.stringify(left) === JSON.stringify(right);
      expect(chainedText(left) === chainedText(right)).toBe(isSame);
    }),
  );
});

describe("the migration", () => {
  const db = useEmptyDatabase();

  test("chains what was recorded before", async () => {
    const before = await mkdtemp(join(tmpdir(), "claude-spend-migrations-"));
    for (const name of await readdir("migrations")) {
      if (name < "0011") await cp(join("migrations", name), join(before, name));
    }
    await migrate(db.pool, { directory: before });
    for (let index = 0; index < 5; index += 1) {
      await db.pool.query(
        `insert into audit_entries (audit_entry_id, occurred_at, actor, action, subject, after)
         values ($1, $2, 'ana@acme.test', 'budget.raised', 'budget:a', '{"amount":"1.000000"}')`,
        [`01930000-0000-7000-8000-00000000000${String(index)}`, addMs(NOON, -index)],
      );
    }

    await migrate(db.pool);

    expect(await verifyAuditChain(db.pool)).toMatchObject({ kind: "intact", entries: 5 });
    await record(db.pool, 1);
    expect(await verifyAuditChain(db.pool)).toMatchObject({ kind: "intact", entries: 6 });
  });
});
