/** What the demo and the tests may use from the example. */
export { EXAMPLE_DAYS, EXAMPLE_ZONE, type ExampleStory } from "./calendar.ts";
export { exampleGovernance } from "./governance.ts";
export { type LiveTraffic, runawayListener, startLiveTraffic } from "./live.ts";
export { CRAWLER_SOURCE, dryRunUsage, isOfCrawler, voidsOf, wasLost } from "./mishaps.ts";
export type { NativeEvent } from "./native-event.ts";
export { type SendProgress, sendUsage } from "./send.ts";
export { openExampleStory } from "./story-file.ts";
export { exampleUsage } from "./usage.ts";
