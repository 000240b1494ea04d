/** What the rest of the program may use from limits that other systems keep. */
export { carryOutPushes } from "./flow/carry-out.ts";
export {
  type IncreaseDesk,
  increaseDesk,
  type LimitKeepers,
  litellmKeeper,
  spendLimitKeeper,
} from "./flow/keepers.ts";
export { pollIncreases } from "./flow/poll-increases.ts";
export { applyIncrease, queuePushes } from "./flow/queue-pushes.ts";
export { replacePushRules } from "./store/push-rules.ts";
