/** What the rest of the program may use from the set-up. */
export { tellOfArrivals } from "./flow/add-source.ts";
export { findSetUpCode, makeSetUpCode } from "./flow/first-admin.ts";
export { greetBeforeSetUp, onboardingListeners, setUpHomePart } from "./slack.ts";
