/** What the rest of the program may use from pricing. */
export {
  loadPriceList,
  previewPrices,
  type RecordPricesResult,
  recordPrices,
} from "./flow.ts";
export {
  type ParsedPriceFile,
  PRICE_FILE_BYTES_MAX,
  parsePriceFile,
} from "./parse/price-file.ts";
export type { PriceChange } from "./rules/decide-prices.ts";
export { type Discount, parseDiscountPercent } from "./rules/discounts.ts";
export { type NormalisedModel, normaliseModelId } from "./rules/model-id.ts";
export { listPrices, type PriceList } from "./rules/price-list.ts";
export {
  type ChargeLine,
  type PriceableUsage,
  type PricedUsage,
  priceUsage,
} from "./rules/price-usage.ts";
export { listDiscounts, replaceDiscounts } from "./store/discounts.ts";
