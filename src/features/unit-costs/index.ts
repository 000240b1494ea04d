/** What the rest of the program may use from unit costs. */
export { loadTeamUnits, loadUnitCosts, type UnitCosts } from "./flow.ts";
export { unitCostRoutes } from "./http.ts";
