/** What the rest of the program may use from unit costs. */
export { loadTeamUnits } from "./flow.ts";
export { unitCostRoutes } from "./http.ts";
