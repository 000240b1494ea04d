/** What the rest of the program may use from pricing. */
export { type Discount, parseDiscountPercent } from "./rules/discounts.ts";
export { type NormalisedModel, normaliseModelId } from "./rules/model-id.ts";
export { listPrices } from "./rules/price-list.ts";
export {
  type ChargeLine,
  type PriceableUsage,
  type PricedUsage,
  priceUsage,
} from "./rules/price-usage.ts";
export { listDiscounts, replaceDiscounts } from "./store.ts";
