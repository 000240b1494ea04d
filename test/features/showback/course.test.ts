import { describe, expect, test } from "vitest";
import { instant, type Period, timeZone } from "../../../src/domain/time.ts";
import { wholeCourse } from "../../../src/features/showback/rules/course.ts";
import { listCourse } from "../../../src/features/showback/store/course.ts";
import { acme, spend } from "../../support/budget-builders.ts";
import { usd } from "../../support/builders.ts";
import { useDatabase } from "../../support/database.ts";

const db = useDatabase();

describe("the course of a period", () => {
  test("has every hour of the days on which clocks move by half an hour, and loses nothing", async () => {
    const zone = timeZone("Australia/Lord_Howe");
    // From midnight to midnight; at two it became half past two.
    const period: Period = {
      start: instant("2026-10-03T13:30:00Z"),
      end: instant("2026-10-04T13:00:00Z"),
    };
    await acme(db.pool);
    for (const at of ["2026-10-03T13:40:00Z", "2026-10-03T15:40:00Z", "2026-10-04T12:50:00Z"]) {
      await spend(db.pool, { amount: usd(10), at });
    }

    const query = { scope: { kind: "team", key: "search" }, period, zone } as const;
    const course = wholeCourse(await listCourse(db.pool, query, "hour"), "hour", query);

    expect(course).toHaveLength(24);
    expect(course.flatMap(({ at, cost }) => (cost === 0n ? [] : [[at, cost]]))).toEqual([
      [instant("2026-10-03T13:30:00Z"), usd(10)],
      [instant("2026-10-03T14:30:00Z"), usd(10)],
      [instant("2026-10-04T11:30:00Z"), usd(10)],
    ]);
  });

  test("is empty where nothing was spent", () => {
    const zone = timeZone("UTC");
    const day = { start: instant("2026-11-01T00:00:00Z"), end: instant("2026-11-02T00:00:00Z") };
    expect(wholeCourse([], "day", { period: day, zone })).toEqual([]);
  });
});
