import { describe, expect, test } from "vitest";
import { instant } from "../../../src/domain/time.ts";
import { listDiscounts, replaceDiscounts } from "../../../src/features/pricing/index.ts";
import { inTransaction } from "../../../src/store/database.ts";
import { useDatabase } from "../../support/database.ts";
import { aDiscount, day } from "../../support/pricing-builders.ts";

describe("discounts", () => {
  const db = useDatabase();

  const opus = aDiscount("12.5", {
    modelPattern: "claude-opus-*",
    validFrom: day("2026-10-01"),
    validUntil: instant("2026-12-31T23:00:00.123Z"),
  });
  const workspace = aDiscount("0.0001", { workspaceId: "wrkspc_01" });
  const everything = aDiscount("100");

  test("come back in the order in which they were given", async () => {
    const discounts = [workspace, opus, everything];

    await inTransaction(db.pool, async (sql) => {
      await replaceDiscounts(sql, discounts);
    });

    expect(await listDiscounts(db.pool)).toEqual(discounts);
  });

  test("are replaced as a whole", async () => {
    await replaceDiscounts(db.pool, [workspace, opus, everything]);
    await replaceDiscounts(db.pool, [everything]);

    expect(await listDiscounts(db.pool)).toEqual([everything]);
  });

  test("can be none", async () => {
    await replaceDiscounts(db.pool, [opus]);
    await replaceDiscounts(db.pool, []);

    expect(await listDiscounts(db.pool)).toEqual([]);
  });

  test("stay as they were when the transaction fails", async () => {
    await replaceDiscounts(db.pool, [opus]);

    const failing = inTransaction(db.pool, async (sql) => {
      await replaceDiscounts(sql, [everything]);
      throw new Error("the rest of the document was refused");
    });

    await expect(failing).rejects.toThrow("refused");
    expect(await listDiscounts(db.pool)).toEqual([opus]);
  });
});
