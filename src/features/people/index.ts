/** What the rest of the program may use from people. */
export { linkPerson, listLinks, type PeopleDeps, unlinkPerson } from "./flow.ts";
export { type IdentityLookup, identityLookup, personOf } from "./rules.ts";
export { peopleListeners } from "./slack.ts";
export { listIdentities } from "./store.ts";
