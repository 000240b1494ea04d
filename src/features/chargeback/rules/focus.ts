/**
 * Charges as rows of FOCUS, the open specification of billing data: its column names, its allowed
 * values. Pure. Columns of our own begin with `x_`, as FOCUS wants it. What is exported is each
 * charge in its own period; adjustments are a matter of statements (docs/chargeback.md).
 */
import { type Usd, usdToDecimal } from "../../../domain/money.ts";
import type { Period } from "../../../domain/time.ts";
import type { Commitment, Credit, Line } from "../rules.ts";

export const FOCUS_COLUMNS = [
  "BillingAccountId",
  "BillingAccountName",
  "BillingCurrency",
  "BillingPeriodStart",
  "BillingPeriodEnd",
  "ChargePeriodStart",
  "ChargePeriodEnd",
  "ChargeCategory",
  "ChargeClass",
  "ChargeDescription",
  "ChargeFrequency",
  "BilledCost",
  "EffectiveCost",
  "ListCost",
  "ContractedCost",
  "ListUnitPrice",
  "ContractedUnitPrice",
  "PricingCategory",
  "PricingQuantity",
  "PricingUnit",
  "ConsumedQuantity",
  "ConsumedUnit",
  "CommitmentDiscountCategory",
  "CommitmentDiscountId",
  "CommitmentDiscountName",
  "CommitmentDiscountStatus",
  "CommitmentDiscountType",
  "HostProviderName",
  "InvoiceIssuerName",
  "ServiceProviderName",
  "ServiceCategory",
  "ServiceSubcategory",
  "ServiceName",
  "SkuId",
  "SkuMeter",
  "SkuPriceId",
  "SubAccountId",
  "SubAccountType",
  "Tags",
  "x_Team",
  "x_CostCenter",
  "x_Project",
  "x_UserEmail",
  "x_ApiKeyId",
  "x_ModelId",
  "x_Source",
  "x_PriceId",
  "x_PricingBasis",
  "x_UsageEventId",
] as const;
type FocusColumn = (typeof FOCUS_COLUMNS)[number];

/** Decimals are exact text; null where FOCUS says null. */
export type FocusRow = Readonly<Partial<Record<FocusColumn, string | null>>>;

export const FOCUS_DECIMALS: ReadonlySet<string> = new Set<FocusColumn>([
  "BilledCost",
  "EffectiveCost",
  "ListCost",
  "ContractedCost",
  "ListUnitPrice",
  "ContractedUnitPrice",
  "PricingQuantity",
  "ConsumedQuantity",
]);

/** A charge as it is stored, with its owner; amounts as decimal text. */
export interface StoredCharge {
  readonly usageEventId: string;
  readonly chargePeriodStart: Date;
  readonly chargeCategory: string;
  readonly chargeClass: string | null;
  readonly skuId: string;
  readonly priceId: string;
  readonly pricingBasis: string;
  readonly consumedQuantity: string;
  readonly consumedUnit: string;
  readonly listUnitPrice: string;
  readonly contractedUnitPrice: string | null;
  readonly listCost: string;
  readonly billedCost: string;
  readonly teamKey: string | null;
  readonly projectKey: string | null;
  readonly userEmail: string | null;
  readonly modelId: string;
  readonly apiKeyId: string | null;
  readonly workspaceId: string | null;
  readonly source: string;
  readonly provider: string | null;
  readonly tags: Readonly<Record<string, string>> | null;
}

export interface FocusContext {
  readonly organizationName: string;
  readonly costCenterOf: (teamKey: string | null) => string | null;
}

const NO_VALUES = Object.fromEntries(FOCUS_COLUMNS.map((column) => [column, null]));

/** FOCUS has times to the second; the second in which something was used is its charge's period. */
const SECOND_MS = 1_000;

export function usageRow(
  charge: StoredCharge,
  billingPeriod: Period,
  context: FocusContext,
): FocusRow {
  const start = Math.floor(charge.chargePeriodStart.getTime() / SECOND_MS) * SECOND_MS;
  const [, meter = charge.skuId] = charge.skuId.split("/");
  return {
    ...emptyRow(billingPeriod, context),
    ...hostOf(charge.provider),
    ChargePeriodStart: seconds(new Date(start)),
    ChargePeriodEnd: seconds(new Date(start + SECOND_MS)),
    ChargeCategory: charge.chargeCategory,
    ChargeClass: charge.chargeClass,
    ChargeDescription: `${charge.modelId}: ${meter.replaceAll("_", " ")}`,
    ChargeFrequency: "Usage-Based",
    BilledCost: charge.billedCost,
    // What a commitment paid of it stands in rows of its own, which add up with this one.
    EffectiveCost: charge.billedCost,
    ListCost: charge.listCost,
    ContractedCost: charge.billedCost,
    ListUnitPrice: charge.listUnitPrice,
    ContractedUnitPrice: charge.contractedUnitPrice,
    PricingCategory: "Standard",
    PricingQuantity: charge.consumedQuantity,
    PricingUnit: charge.consumedUnit,
    ConsumedQuantity: charge.consumedQuantity,
    ConsumedUnit: charge.consumedUnit,
    SkuId: charge.skuId,
    SkuMeter: meter,
    // FOCUS keeps validity in time out of it: that of ours is x_PriceId.
    SkuPriceId: charge.skuId,
    SubAccountId: charge.workspaceId,
    SubAccountType: charge.workspaceId === null ? null : "Workspace",
    Tags: charge.tags === null ? null : JSON.stringify(charge.tags),
    x_Team: charge.teamKey,
    x_CostCenter: context.costCenterOf(charge.teamKey),
    x_Project: charge.projectKey,
    x_UserEmail: charge.userEmail,
    x_ApiKeyId: charge.apiKeyId,
    x_ModelId: charge.modelId,
    x_Source: charge.source,
    x_PriceId: charge.priceId,
    x_PricingBasis: charge.pricingBasis,
    x_UsageEventId: charge.usageEventId,
  };
}

/** Commitments and credits: everything of a month but its usage. */
export function lineRow(
  line: Line,
  billingPeriod: Period,
  context: FocusContext & {
    readonly commitments: readonly Commitment[];
    readonly credits: readonly Credit[];
  },
): FocusRow {
  const { costs, dimension } = line;
  const commitment = context.commitments.find(({ key }) => key === line.reference);
  const credit = context.credits.find(({ key }) => key === line.reference);
  const teamKey = line.teamKey ?? null;
  const workspaceId = dimension?.workspaceId ?? null;
  return {
    ...emptyRow(billingPeriod, context),
    ...hostOf(null),
    ChargePeriodStart: seconds(billingPeriod.start),
    ChargePeriodEnd: seconds(billingPeriod.end),
    ChargeFrequency: "One-Time",
    BilledCost: usdToDecimal(costs.billed),
    EffectiveCost: usdToDecimal(costs.effective),
    ListCost: usdToDecimal(costs.list),
    ContractedCost: usdToDecimal(costs.contracted),
    ...kindColumns(line, commitment?.name ?? credit?.description ?? line.reference),
    ...(line.kind === "credit" ? {} : commitmentColumns(line, commitment)),
    SubAccountId: workspaceId,
    SubAccountType: workspaceId === null ? null : "Workspace",
    x_Team: teamKey,
    x_CostCenter: context.costCenterOf(teamKey),
    x_Project: line.projectKey ?? null,
    x_ModelId: dimension?.modelId ?? null,
    x_ApiKeyId: dimension?.apiKeyId ?? null,
  };
}

function kindColumns({ kind, reference, costs }: Line, name: string): Partial<FocusRow> {
  const committed = {
    ChargeCategory: "Usage",
    ChargeFrequency: "Usage-Based",
    PricingCategory: "Committed",
    ...priced(`commitment/${reference}`, { quantity: "0", price: "0" }),
  };
  switch (kind) {
    case "purchase":
      return {
        ChargeCategory: "Purchase",
        ChargeDescription: `${name}: prepaid for its term`,
        PricingCategory: "Standard",
        ...priced(`commitment/${reference}`, { quantity: "1", price: usdToDecimal(costs.list) }),
      };
    case "commitment_used":
      return { ...committed, ChargeDescription: `${name}: used by the usage of the month` };
    case "commitment_unused":
      return { ...committed, ChargeDescription: `${name}: unused at the end of its term` };
    case "commitment_paid":
      return {
        ChargeCategory: "Adjustment",
        ChargeDescription: `${name}: usage of the month that it has paid for`,
      };
    case "credit":
      return { ChargeCategory: "Credit", ChargeDescription: name };
    case "usage":
    case "shared":
      return {}; // Usage is exported charge by charge; shared cost is no charge.
  }
}

function priced(
  skuId: string,
  { quantity, price }: { readonly quantity: string; readonly price: string },
): Partial<FocusRow> {
  return {
    SkuId: skuId,
    SkuPriceId: skuId,
    PricingQuantity: quantity,
    PricingUnit: "Commitments",
    ListUnitPrice: price,
    ContractedUnitPrice: price,
  };
}

function commitmentColumns(
  { kind, reference }: Line,
  commitment: Commitment | undefined,
): Partial<FocusRow> {
  const status: Partial<Record<Line["kind"], string>> = {
    commitment_used: "Used",
    commitment_unused: "Unused",
  };
  return {
    CommitmentDiscountCategory: "Spend",
    CommitmentDiscountId: reference,
    CommitmentDiscountName: commitment?.name ?? reference,
    CommitmentDiscountStatus: status[kind] ?? null,
    CommitmentDiscountType: "Prepaid",
  };
}

function emptyRow(billingPeriod: Period, { organizationName }: FocusContext): FocusRow {
  return {
    ...NO_VALUES,
    BillingAccountId: organizationName,
    BillingAccountName: organizationName,
    BillingCurrency: "USD",
    BillingPeriodStart: seconds(billingPeriod.start),
    BillingPeriodEnd: seconds(billingPeriod.end),
    ServiceProviderName: "Anthropic",
    ServiceCategory: "AI and Machine Learning",
    ServiceSubcategory: "Generative AI",
    ServiceName: "Claude",
  };
}

/** Who runs the models, which is also who sends the invoice. */
function hostOf(provider: string | null): Partial<FocusRow> {
  const host = HOSTS.get(provider ?? "") ?? "Anthropic";
  return { HostProviderName: host, InvoiceIssuerName: host };
}

const HOSTS: ReadonlyMap<string, string> = new Map([
  ["bedrock", "Amazon Web Services"],
  ["aws", "Amazon Web Services"],
  ["vertex", "Google Cloud"],
  ["foundry", "Microsoft"],
]);

function seconds(at: Date): string {
  return at.toISOString().replace(/\.\d{3}Z$/, "Z");
}

/** What was exported, to be held against the reports. */
export interface ExportTotals {
  readonly rows: number;
  readonly billed: Usd;
  readonly effective: Usd;
  /** Of the usage rows alone. */
  readonly usage: Usd;
}
