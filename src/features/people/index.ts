/** What the rest of the program may use from people. */
export { type IdentityLookup, identityLookup, personOf } from "./rules.ts";
export { listIdentities } from "./store.ts";
