/** What the rest of the program may use from chargeback. */
export { type Exported, exportCharges } from "./flow/export-charges.ts";
export { type CloseResult, closeMonth, loadCalendar, loadStatement, onlyTeam } from "./flow.ts";
export { chargebackRoutes } from "./http.ts";
export {
  STATEMENT_COLUMNS,
  STATEMENT_DECIMALS,
  statementJson,
  statementRows,
  statementText,
} from "./messages.ts";
export { type Calendar, periodOfMonth } from "./rules/calendar.ts";
export { FOCUS_COLUMNS, FOCUS_DECIMALS, type FocusRow } from "./rules/focus.ts";
export { replaceGovernedCosts } from "./store/governed-costs.ts";
