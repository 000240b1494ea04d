import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { usd, usdToDecimal } from "../../src/domain/money.ts";
import { instant } from "../../src/domain/time.ts";
import {
  arrayColumn,
  type Cell,
  numericCell,
  optionalColumn,
  timesColumn,
} from "../../src/store/array-literal.ts";
import { useDatabase } from "../support/database.ts";

const database = useDatabase();

async function asPostgresReads(cells: readonly Cell[], type: string): Promise<unknown> {
  const literal = arrayColumn(cells, (cell) => cell);
  const { rows } = await database.pool.query<{ readonly read: unknown }>(
    `select array_to_json($1::${type}[]) as read`,
    [literal],
  );
  return rows[0]?.read;
}

describe("arrayColumn", () => {
  test("is read by Postgres as the texts that it was made of", async () => {
    // oxlint-disable-next-line no-control-regex -- Postgres stores every character but NUL
    const storable = fc.string({ unit: "binary" }).map((text) => text.replace(/\0/g, "\u0001"));
    const text = fc.oneof(
      storable,
      fc.constantFrom("", "NULL", "null", '"', "\\", "\\n", '\\"', "\n", "\t\\", "{,}", "é\u2028"),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.option(text)), async (texts) => {
        expect(await asPostgresReads(texts, "text")).toEqual(texts);
      }),
      { numRuns: 200 },
    );
  });

  test("keeps JSON, numbers and booleans", async () => {
    const documents = [{ a: 'x"y\\z\n' }, { tags: ["é", null] }];
    expect(
      await asPostgresReads(
        documents.map((value) => JSON.stringify(value)),
        "jsonb",
      ),
    ).toEqual(documents);
    expect(await asPostgresReads([1, null, -7], "bigint")).toEqual([1, null, -7]);
    expect(await asPostgresReads([true, false], "boolean")).toEqual([true, false]);
  });
});

test("optionalColumn and timesColumn give each row its own value beside a full column", async () => {
  const value = fc.record({
    text: fc.option(fc.constantFrom("", "a", "NULL")),
    at: fc.option(fc.integer({ min: 0, max: 3 }).map((hour) => instant(hour * 3_600_000))),
  });
  const absent = fc.constant({ text: null, at: null });
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.array(value, { minLength: 1 }), fc.array(absent, { minLength: 1 })),
      async (values) => {
        const { rows } = await database.pool.query(
          `select n.place, n.text, n.at
             from unnest($1::integer[], $2::text[], $3::timestamptz[]) as n (place, text, at)
            order by n.place`,
          [
            arrayColumn([...values.keys()], (place) => place),
            optionalColumn(values, ({ text }) => text),
            timesColumn(values, ({ at }) => at ?? undefined),
          ],
        );
        expect(rows).toEqual(values.map(({ text, at }, place) => ({ place, text, at })));
      },
    ),
    { numRuns: 50 },
  );
});

test("numericCell is the same amount as its decimal", async () => {
  await fc.assert(
    fc.asyncProperty(fc.bigInt({ min: -(10n ** 29n), max: 10n ** 29n }), async (pico) => {
      const { rows } = await database.pool.query<{ readonly is_same: boolean }>(
        `select $1::numeric(30, 12) = $2::numeric(30, 12) as is_same`,
        [numericCell(usd(pico)), usdToDecimal(usd(pico))],
      );
      expect(rows).toEqual([{ is_same: true }]);
    }),
    { numRuns: 100 },
  );
});
