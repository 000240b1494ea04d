import { expect, test } from "vitest";
import { addMs, instant, MINUTE_MS } from "../../src/domain/time.ts";
import { blockRequests, takeRequest } from "../../src/store/request-budget.ts";
import { useDatabase } from "../support/database.ts";

const db = useDatabase();
const NOW = instant("2026-11-23T10:00:00Z");

test("callers at the same time take exactly what there is, and hear how long to wait", async () => {
  const other = db.openPool();
  const asked = { budget: "a", perMinute: 10, now: NOW };

  const turns = await Promise.all(
    Array.from(
      { length: 24 },
      async (_, index) => await takeRequest(index % 2 === 0 ? db.pool : other, asked),
    ),
  );

  expect(turns.filter(({ kind }) => kind === "taken")).toHaveLength(10);
  expect(turns.find(({ kind }) => kind === "wait")).toEqual({ kind: "wait", ms: MINUTE_MS });
});

test("a turn comes back a minute after it was taken, one by one", async () => {
  const take = async (ms: number) =>
    await takeRequest(db.pool, { budget: "b", perMinute: 2, now: addMs(NOW, ms) });
  await take(0);
  await take(20_000);

  expect(await take(30_000)).toEqual({ kind: "wait", ms: 30_000 });
  expect(await take(59_999)).toEqual({ kind: "wait", ms: 1 });
  expect(await take(60_000)).toEqual({ kind: "taken" });
  expect(await take(60_001)).toEqual({ kind: "wait", ms: 19_999 });
});

test("a silence holds for everybody, and a shorter one does not shorten it", async () => {
  const take = async (ms: number) =>
    await takeRequest(db.pool, { budget: "c", perMinute: 9, now: addMs(NOW, ms) });
  await blockRequests(db.pool, { budget: "c", until: addMs(NOW, 9_000) });
  await blockRequests(db.pool, { budget: "c", until: addMs(NOW, 1_000) });

  expect(await take(0)).toEqual({ kind: "wait", ms: 9_000 });
  expect(await take(9_000)).toEqual({ kind: "taken" });
  expect(await takeRequest(db.pool, { budget: "d", perMinute: 9, now: NOW })).toEqual({
    kind: "taken",
  });
});
