/** What the rest of the program may use from unit costs. */
export { listUnitCosts, loadTeamUnits } from "./flow.ts";
export { unitCostRoutes } from "./http.ts";
