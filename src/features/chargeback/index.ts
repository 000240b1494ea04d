/** What the rest of the program may use from chargeback. */
export { closeMonth, loadStatement, teamOfStatement } from "./flow.ts";
export { replaceGovernedCosts } from "./store/governed-costs.ts";
