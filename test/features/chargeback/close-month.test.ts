/** Months that are closed: what was stated stays, and what comes later is adjusted once. */
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { usd, usdFromDecimal } from "../../../src/domain/money.ts";
import { monthFrom } from "../../../src/domain/month.ts";
import { instant } from "../../../src/domain/time.ts";
import { closeMonth } from "../../../src/features/chargeback/index.ts";
import { type Costs, sumCosts } from "../../../src/features/chargeback/rules.ts";
import { listAudit } from "../../../src/store/audit.ts";
import {
  aCommitment,
  aCredit,
  chargebackOrganization,
  close,
  forgetMonths,
  govern,
  record,
  reprice,
  statement,
  used,
} from "../../support/chargeback-builders.ts";
import { useDatabase } from "../../support/database.ts";

const db = useDatabase();
const CENTS = 10_000_000_000n;

beforeEach(async () => {
  await forgetMonths(db.pool);
  await chargebackOrganization(db.pool);
});

describe("a closed month", () => {
  test("keeps its statement; late usage, corrections and prices come as adjustments of the next", async () => {
    await record(db.pool, [
      used("a", "2026-10-05"),
      used("b", "2026-10-06", { team: "ads" }),
      used("n", "2026-11-05"),
    ]);
    expect(await close(db.pool, "2026-10")).toMatchObject({ kind: "closed" });
    const stated = await statement(db.pool, "2026-10");

    await record(db.pool, [
      used("late", "2026-10-30"),
      { ...used("b2", "2026-10-06", { team: "ads" }), usage: undefined, voids: "b" },
    ]);
    await reprice(db.pool, "10");

    expect(await statement(db.pool, "2026-10")).toEqual(stated);
    expect(stated.total.total.billed).toBe(5n * CENTS);
    const november = await statement(db.pool, "2026-11");
    expect(
      november.teams.map(({ teamKey, direct, adjustments, total }) => [
        teamKey,
        direct.billed,
        adjustments.map(({ originMonth, costs }) => [originMonth, costs.billed]),
        total.effective,
      ]),
    ).toEqual([
      // Two of 1 cent now, 2.5 cents stated.
      ["ads", 0n, [["2026-10", (-5n * CENTS) / 2n]], (-5n * CENTS) / 2n],
      ["platform", 0n, [], 0n],
      ["search", CENTS, [["2026-10", -CENTS / 2n]], CENTS / 2n],
      [undefined, 0n, [], 0n],
    ]);
  });

  test("fixes adjustments where they were stated: the month after has only what is new", async () => {
    await record(db.pool, [used("a", "2026-09-05")]);
    await close(db.pool, "2026-09");
    await record(db.pool, [used("late", "2026-09-06")]);
    await close(db.pool, "2026-10");

    expect((await statement(db.pool, "2026-11")).total.adjustments).toEqual([]);
    await reprice(db.pool, "30");
    const { adjustments } = (await statement(db.pool, "2026-11")).total;
    expect(adjustments.map(({ originMonth, costs }) => [originMonth, costs.billed])).toEqual([
      ["2026-09", CENTS],
    ]);
    expect((await statement(db.pool, "2026-10")).total.adjustments).toMatchObject([
      { originMonth: "2026-09", costs: { billed: (5n * CENTS) / 2n } },
    ]);
  });

  test("takes what belongs to a month before the first closed one as an adjustment as well", async () => {
    await record(db.pool, [used("a", "2026-10-05")]);
    await close(db.pool, "2026-10");
    await record(db.pool, [used("late", "2026-09-05")]);

    expect((await statement(db.pool, "2026-09")).total.total.billed).toBe(0n);
    expect((await statement(db.pool, "2026-11")).total.adjustments).toMatchObject([
      { originMonth: "2026-09" },
    ]);
    expect(await close(db.pool, "2026-09")).toEqual({ kind: "settled", first: "2026-10" });
  });

  test("keeps the names, cost centers and bounds it was closed with", async () => {
    await record(db.pool, [
      used("a", "2026-10-31T22:30:00Z"), // still October in Berlin
      used("b", "2026-10-31T23:00:00Z"), // November there, October in New York
    ]);
    await close(db.pool, "2026-10");
    const stated = await statement(db.pool, "2026-10");
    await chargebackOrganization(db.pool, "America/New_York");
    await db.pool.query("delete from teams where team_key = 'search'");

    expect(await statement(db.pool, "2026-10")).toEqual(stated);
    expect(stated.teams.find(({ teamKey }) => teamKey === "search")).toMatchObject({
      name: "Search",
      costCenter: "CC-100",
      direct: { billed: (5n * CENTS) / 2n },
    });
    const november = await statement(db.pool, "2026-11");
    expect(november.period.start).toEqual(instant("2026-10-31T23:00:00Z"));
    expect(november.total.direct.billed).toBe((5n * CENTS) / 2n);
  });

  test("is refused before it is over, out of order, and is closed only once", async () => {
    await record(db.pool, [used("a", "2026-09-30T22:30:00Z"), used("b", "2026-11-05")]);

    expect(await close(db.pool, "2026-11")).toEqual({ kind: "not-next", next: "2026-10" });
    const beforeEnd = { database: db.pool, clock: () => instant("2026-10-31T22:59:59Z") };
    const october = { month: monthFrom("2026-10"), actor: "dana" };
    expect(await closeMonth(beforeEnd, october)).toMatchObject({ kind: "not-over" });

    const known = (await listAudit(db.pool, "month:2026-10")).length;
    const results = await Promise.all([close(db.pool, "2026-10"), close(db.pool, "2026-10")]);
    expect(results.map(({ kind }) => kind).toSorted()).toEqual(["already-closed", "closed"]);
    expect(await close(db.pool, "2026-12")).toEqual({ kind: "not-next", next: "2026-11" });
    expect((await listAudit(db.pool, "month:2026-10")).slice(known)).toMatchObject([
      { actor: "dana", action: "month.closed", after: { billed_cost: "0.025000" } },
    ]);
  });

  test("can't be changed or opened again in the database either", async () => {
    await record(db.pool, [used("a", "2026-10-05")]);
    await close(db.pool, "2026-10");

    for (const change of [
      "delete from closed_months",
      "update statement_lines set billed_cost_usd = 0",
      "delete from statement_lines",
      "delete from statement_teams",
    ]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect(db.pool.query(change)).rejects.toThrow(/append-only/);
    }
  });
});

/** Millionths of a dollar. */
const micro = (count: number) => usd(BigInt(count) * 1_000_000n);

type Step =
  | { readonly kind: "use"; readonly day: number; readonly team: string; readonly tokens: number }
  | { readonly kind: "correct" | "void"; readonly pick: number; readonly tokens: number }
  | { readonly kind: "reprice"; readonly price: number }
  | { readonly kind: "close" }
  | { readonly kind: "govern"; readonly commitment: number; readonly credit: number }
  | { readonly kind: "move" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("use" as const),
      day: fc.nat(99),
      team: fc.constantFrom("search", "ads", "platform", "gone"),
      tokens: fc.integer({ min: 1, max: 999 }),
    }),
  },
  fc.record({
    kind: fc.constantFrom("correct" as const, "void" as const),
    pick: fc.nat(20),
    tokens: fc.integer({ min: 1, max: 999 }),
  }),
  fc.record({ kind: fc.constant("reprice" as const), price: fc.integer({ min: 1, max: 99 }) }),
  { weight: 2, arbitrary: fc.constant({ kind: "close" as const }) },
  fc.record({
    kind: fc.constant("govern" as const),
    commitment: fc.integer({ min: 1, max: 60_000 }),
    credit: fc.integer({ min: 1, max: 60_000 }),
  }),
  fc.constant({ kind: "move" as const }),
);

/** Plays a history; what was stated at each closing, as it was then. */
async function play(steps: readonly Step[]): Promise<ReadonlyMap<string, unknown>> {
  const stated = new Map<string, unknown>();
  const open: string[] = [];
  // Something in the first month, so that months are closed from there on.
  await record(db.pool, [used("first", "2026-09-02")]);
  for (const [index, one] of steps.entries()) {
    const id = `e${String(index)}`;
    /* oxlint-disable no-await-in-loop -- a history has an order */
    switch (one.kind) {
      case "use": {
        const day = new Date(Date.UTC(2026, 8, 1 + one.day, 22, 30)).toISOString();
        const usage = { input_tokens: 3, output_tokens: one.tokens };
        await record(db.pool, [used(id, day, { usage, team: one.team })]);
        open.push(id);
        break;
      }
      case "correct":
      case "void": {
        const [corrected] = open.splice(one.pick % Math.max(1, open.length), 1);
        if (corrected === undefined) break;
        const usage = { input_tokens: 1, output_tokens: one.tokens };
        const change =
          one.kind === "void"
            ? { usage: undefined, voids: corrected }
            : { usage, corrects: corrected };
        await record(db.pool, [{ ...used(id, "2026-10-15"), ...change }]);
        break;
      }
      case "reprice":
        await reprice(db.pool, String(one.price));
        break;
      case "close": {
        const month = ["2026-09", "2026-10", "2026-11"][stated.size];
        if (month === undefined) break;
        const { kind } = await close(db.pool, month);
        if (kind !== "closed") throw new Error(`${month} was not closed: ${kind}`);
        stated.set(month, await statement(db.pool, month));
        break;
      }
      case "govern":
        await govern(db.pool, {
          sharedCosts: [
            {
              name: "tools",
              match: { team: "platform" },
              split: { kind: "proportional", teams: ["ads", "search"] },
            },
          ],
          commitments: [aCommitment({ amount: micro(one.commitment) })],
          credits: [aCredit({ amount: micro(one.credit) })],
        });
        break;
      case "move":
        await chargebackOrganization(db.pool, index % 2 === 0 ? "America/New_York" : "Asia/Tokyo");
        break;
    }
    /* oxlint-enable no-await-in-loop */
  }
  return stated;
}

/** The sum of all statements there are. */
async function stateEverything(): Promise<Costs> {
  const months = ["2026-08", "2026-09", "2026-10", "2026-11", "2026-12"];
  const statements = await Promise.all(
    months.map(async (month) => await statement(db.pool, month)),
  );
  for (const { teams, total } of statements) {
    expect(sumCosts(teams.map((team) => team.total))).toEqual(total.total);
    for (const team of teams) {
      expect(sumCosts(team.projects.map((project) => project.total))).toEqual(team.total);
    }
  }
  return sumCosts(statements.map(({ total }) => total.total));
}

/** What all charges, purchases and credits come to, by another way than statements take. */
async function chargeEverything(): Promise<Costs> {
  const [first, last] = [await statement(db.pool, "2026-10"), await statement(db.pool, "2026-11")];
  const { rows } = await db.pool.query<
    Record<"list" | "billed" | "term" | "paid" | "credit", string>
  >(
    `select coalesce(sum(c.list_cost_usd), 0)::text as list,
            coalesce(sum(c.billed_cost_usd), 0)::text as billed,
            coalesce(sum(c.billed_cost_usd) filter (where c.charge_period_start >= $1 and c.charge_period_start < $2), 0)::text as term,
            (select coalesce(sum(p.amount_usd), 0)::text from commitments p) as paid,
            (select coalesce(sum(g.amount_usd), 0)::text from credits g) as credit
       from charges c`,
    [first.period.start, last.period.end],
  );
  const of = (name: "list" | "billed" | "term" | "paid" | "credit"): bigint =>
    usdFromDecimal(rows[0]?.[name] ?? "");
  const covered = of("term") < of("paid") ? of("term") : of("paid");
  const invoiced = of("paid") - covered - of("credit");
  return {
    list: usd(of("list") + invoiced),
    contracted: usd(of("billed") + invoiced),
    billed: usd(of("billed") + invoiced),
    effective: usd(of("billed") + of("paid") - covered - of("credit")),
  };
}

describe("whatever happens", () => {
  test("the statements add up to the charges, and closed ones never change", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 12 }), async (steps) => {
        await forgetMonths(db.pool);
        await chargebackOrganization(db.pool);
        const stated = await play(steps);

        for (const [month, before] of stated) {
          // oxlint-disable-next-line no-await-in-loop -- one after the other
          expect(await statement(db.pool, month)).toEqual(before);
        }
        expect(await stateEverything()).toEqual(await chargeEverything());
      }),
      { numRuns: 12, endOnFailure: true },
    );
  });
});
