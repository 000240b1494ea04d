/** The export: FOCUS's columns and values, sums that agree with reports, cells that run nothing. */
import { Writable } from "node:stream";
import { parse } from "csv-parse/sync";
import { beforeAll, describe, expect, test } from "vitest";
import { rowWriter } from "../../../src/cli/chargeback.ts";
import { sumUsd, usd, usdFromDecimal } from "../../../src/domain/money.ts";
import { monthFrom } from "../../../src/domain/month.ts";
import { ORG_SCOPE } from "../../../src/domain/scope.ts";
import { instant, type Period, timeZone } from "../../../src/domain/time.ts";
import { exportCharges, FOCUS_COLUMNS } from "../../../src/features/chargeback/index.ts";
import { parseDiscountPercent, replaceDiscounts } from "../../../src/features/pricing/index.ts";
import { listSpend } from "../../../src/features/showback/index.ts";
import {
  aCommitment,
  aCredit,
  chargebackOrganization,
  clock,
  govern,
  record,
  reprice,
  statement,
  used,
} from "../../support/chargeback-builders.ts";
import { useDatabase } from "../../support/database.ts";

const db = useDatabase();
const OCTOBER: Period = {
  start: instant("2026-09-30T22:00:00Z"),
  end: instant("2026-10-31T23:00:00Z"),
};
const CENTS = 10_000_000_000n;

beforeAll(async () => {
  await chargebackOrganization(db.pool);
  const share = parseDiscountPercent("12.5");
  if (share === undefined) throw new Error("12.5 is a percentage");
  await replaceDiscounts(db.pool, [
    {
      modelPattern: "claude-opus-6",
      workspaceId: "=cmd|'/C calc'!A0",
      share,
      validFrom: undefined,
      validUntil: undefined,
    },
  ]);
  await record(db.pool, [
    used("a", "2026-10-05T10:07:31.250Z", {
      project: "checkout",
      workspace_id: "=cmd|'/C calc'!A0",
      user_email: "bo@acme.test",
      tags: { env: "prod" },
      provider: "bedrock",
      usage: { input_tokens: 7, output_tokens: 1_000 },
    }),
    used("b", "2026-10-06", { team: "ads" }),
    used("later", "2026-11-05"),
  ]);
  await record(db.pool, [
    { ...used("b2", "2026-10-07", { team: "ads" }), usage: undefined, voids: "b" },
  ]);
  await reprice(db.pool, "10.33");
  await govern(db.pool, {
    commitments: [
      aCommitment({ amount: usd(CENTS), lastMonth: monthFrom("2026-10"), name: "+Prepaid" }),
      aCommitment({
        key: "next",
        amount: usd(9n * CENTS),
        firstMonth: monthFrom("2026-11"),
        lastMonth: monthFrom("2026-11"),
      }),
    ],
    credits: [aCredit({ amount: usd(CENTS / 4n) })],
  });
});

async function exported(format: "csv" | "ndjson", period = OCTOBER) {
  const chunks: string[] = [];
  const target = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk.toString());
      done();
    },
  });
  const totals = await exportCharges(
    { database: db.pool, clock },
    period,
    rowWriter(target, format),
  );
  return { totals, text: chunks.join("") };
}

type Row = Readonly<Record<string, string | null>>;

async function rows(period = OCTOBER): Promise<readonly Row[]> {
  const { text } = await exported("ndjson", period);
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Row);
}

function sum(all: readonly Row[], column: string): bigint {
  return sumUsd(all.map((row) => usdFromDecimal(row[column] ?? "")));
}

/** What FOCUS allows in a column, and never null. */
const ALLOWED: Readonly<Record<string, readonly (string | null)[]>> = {
  BillingCurrency: ["USD"],
  ChargeCategory: ["Usage", "Purchase", "Tax", "Credit", "Adjustment"],
  ChargeClass: ["Correction", null],
  ChargeFrequency: ["One-Time", "Recurring", "Usage-Based"],
  PricingCategory: ["Standard", "Dynamic", "Committed", "Other", null],
  CommitmentDiscountCategory: ["Spend", "Usage", null],
  CommitmentDiscountStatus: ["Used", "Unused", null],
  ServiceCategory: ["AI and Machine Learning"],
  ServiceSubcategory: ["Generative AI"],
};
const NEVER_NULL = [
  "BilledCost",
  "BillingAccountId",
  "BillingPeriodStart",
  "BillingPeriodEnd",
  "ChargePeriodStart",
  "ChargePeriodEnd",
  "ContractedCost",
  "EffectiveCost",
  "HostProviderName",
  "InvoiceIssuerName",
  "ListCost",
  "ServiceName",
  "ServiceProviderName",
];

describe("the export", () => {
  test("has every column in every row, with FOCUS's values", async () => {
    const all = await rows();

    expect(all.length).toBeGreaterThan(8);
    for (const row of all) {
      expect(Object.keys(row).toSorted()).toEqual([...FOCUS_COLUMNS].toSorted());
      for (const [column, values] of Object.entries(ALLOWED)) {
        expect([column, ...values]).toContain(row[column] ?? null);
      }
      expect(NEVER_NULL.filter((column) => row[column] === null)).toEqual([]);
      for (const column of ["BillingPeriodStart", "ChargePeriodStart", "ChargePeriodEnd"]) {
        expect(row[column]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      }
      expect((row["ChargePeriodStart"] ?? "") < (row["ChargePeriodEnd"] ?? "")).toBe(true);
      const isPriced = ["Usage", "Purchase"].includes(row["ChargeCategory"] ?? "");
      const isCorrection = row["ChargeClass"] === "Correction";
      const priced = [
        "SkuId",
        "SkuPriceId",
        "ListUnitPrice",
        "ContractedUnitPrice",
        "PricingQuantity",
        "PricingUnit",
        "PricingCategory",
      ];
      const missing = isPriced && !isCorrection ? priced.filter((name) => row[name] === null) : [];
      expect(missing).toEqual([]);
    }
  });

  test("tells of a charge all that is known", async () => {
    const row = (await rows()).find(
      (one) =>
        one["SkuMeter"] === "output" &&
        one["ChargeClass"] === null &&
        one["x_PricingBasis"] === "contracted" &&
        one["x_Team"] === "search",
    );

    expect(row).toMatchObject({
      BillingAccountId: "Acme",
      BillingPeriodStart: "2026-09-30T22:00:00Z",
      BillingPeriodEnd: "2026-10-31T23:00:00Z",
      ChargePeriodStart: "2026-10-05T10:07:31Z",
      ChargePeriodEnd: "2026-10-05T10:07:32Z",
      ChargeCategory: "Usage",
      ChargeDescription: "claude-opus-6: output",
      BilledCost: "0.00903875",
      EffectiveCost: "0.00903875",
      ListCost: "0.01033",
      ContractedCost: "0.00903875",
      ListUnitPrice: "0.00001033",
      ContractedUnitPrice: "0.00000903875",
      PricingQuantity: "1000",
      PricingUnit: "tokens",
      ConsumedQuantity: "1000",
      ConsumedUnit: "tokens",
      HostProviderName: "Amazon Web Services",
      ServiceProviderName: "Anthropic",
      SubAccountType: "Workspace",
      Tags: '{"env":"prod"}',
      x_Team: "search",
      x_CostCenter: "CC-100",
      x_Project: "checkout",
      x_UserEmail: "bo@acme.test",
      x_Source: "default",
    });
  });

  test("adds up to what reports say, to the last pico-dollar, also from the middle of a day on", async () => {
    for (const period of [
      OCTOBER,
      { start: instant("2026-10-05T10:07:31Z"), end: instant("2026-11-05T10:07:00Z") },
      { start: instant("2026-08-01T00:00:00Z"), end: instant("2026-12-01T00:00:00Z") },
    ]) {
      const { totals } = await exported("ndjson", period);
      const [spend] = await listSpend(db.pool, {
        scope: ORG_SCOPE,
        period,
        zone: timeZone("UTC"),
        groupBy: [],
      });
      const usage = (await rows(period)).filter((row) => row["x_UsageEventId"] !== null);

      expect(sum(usage, "BilledCost")).toBe(spend?.cost);
      expect(totals).toMatchObject({ usage: spend?.cost, spend: spend?.cost });
    }
  });

  test("of a month adds up to its open statement, by every way of counting", async () => {
    const all = await rows();
    const { total } = (await statement(db.pool, "2026-10")).total;

    expect(sum(all, "BilledCost")).toBe(total.billed);
    expect(sum(all, "EffectiveCost")).toBe(total.effective);
    expect(sum(all, "ContractedCost")).toBe(total.contracted);
    expect(sum(all, "ListCost")).toBe(total.list);
  });

  test("marks what was taken back as corrections; a charge and its correction are nothing", async () => {
    const all = await rows();
    const ads = all.filter((row) => row["x_Team"] === "ads" && row["x_UsageEventId"] !== null);

    expect(ads.map((row) => row["ChargeClass"])).toEqual(["Correction", null]);
    expect(sum(ads, "BilledCost")).toBe(0n);
    expect(
      sum(
        all.filter((row) => row["ChargeClass"] === "Correction"),
        "BilledCost",
      ) < 0n,
    ).toBe(true);
  });

  test("keeps FOCUS's promises about a commitment and a credit", async () => {
    const all = await rows();
    const prepaid = all.filter((row) => row["CommitmentDiscountId"] === "prepaid");
    const of = (category: string) => all.filter((row) => row["ChargeCategory"] === category);

    expect(of("Purchase").map((row) => [row["BilledCost"], row["EffectiveCost"]])).toEqual([
      ["0.010000", "0.000000"],
    ]);
    expect(
      sum(
        prepaid.filter((row) => row["ChargeCategory"] === "Usage"),
        "EffectiveCost",
      ),
    ).toBe(CENTS);
    for (const row of [...of("Credit"), ...of("Adjustment")]) {
      expect(row["EffectiveCost"]).toBe(row["BilledCost"]);
      expect(row["ContractedCost"]).toBe(row["BilledCost"]);
    }
    expect(of("Credit")).toMatchObject([{ BilledCost: "-0.002500", ChargeDescription: "Welcome" }]);
  });

  test("as CSV says the same as line by line, and no cell is a formula", async () => {
    const { text } = await exported("csv");
    const table = parse(text, { columns: true }) as readonly Record<string, string>[];
    const all = await rows();

    expect(table.map((row) => row["BilledCost"])).toEqual(all.map((row) => row["BilledCost"]));
    expect(table.map((row) => row["SubAccountId"])).toContain("'=cmd|'/C calc'!A0");
    expect(table.map((row) => row["CommitmentDiscountName"])).toContain("'+Prepaid");
    const risky = table.flatMap((row) =>
      Object.entries(row).filter(
        ([, cell]) => /^[=+@\t\r]/.test(cell) || /^-(?![\d.]+$)/.test(cell),
      ),
    );
    expect(risky).toEqual([]);
    expect(text.split("\n")[0]).toBe(FOCUS_COLUMNS.join(","));
  });

  test("says what is missing where charges are no longer kept", async () => {
    const { totals } = await exported("ndjson", OCTOBER);
    await db.pool.query("truncate charges");
    const after = await exported("ndjson", OCTOBER);

    expect(after.totals).toMatchObject({ usage: 0n, spend: totals.usage });
  });
});
