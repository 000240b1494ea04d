/** What the rest of the program may use from the organization. */
export { findPerson, listTeams, loadAsker, loadOrganization } from "./flow.ts";
export { scopeRefusalMessage } from "./messages.ts";
export { chooseReading } from "./rules/choose-reading.ts";
export {
  type Asking,
  findScope,
  offering,
  refusalOf,
  type ScopeFinding,
  scopeName,
  viewableScopes,
} from "./rules/find-scope.ts";
export { nearestNames } from "./rules/nearest-names.ts";
export {
  resolveScopeName,
  type ScopeDirectory,
  type ScopeResolution,
} from "./rules/resolve-scope-name.ts";
export {
  mayChangeBudget,
  mayPlanFor,
  mayViewPeopleOf,
  mayViewScope,
  type Organization,
  type Person,
  type ServiceAccount,
  seesEverything,
  type Team,
} from "./rules.ts";
export { listServiceAccounts, replaceOrganization } from "./store.ts";
