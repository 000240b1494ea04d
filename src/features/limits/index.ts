/** What the rest of the program may use from limits that other systems keep. */
export {
  type IncreaseDesk,
  increaseDesk,
  type LimitKeepers,
  litellmKeeper,
  spendLimitKeeper,
} from "./flow/keepers.ts";
export { applyIncrease } from "./flow/queue-pushes.ts";
export { listPushes, retryPush } from "./flow/review-pushes.ts";
export { startLimits } from "./schedule.ts";
export { replacePushRules } from "./store/push-rules.ts";
