/** The shape of what a governance document says about reconciliation. */
import { percent } from "./schema.ts";
import { mapping } from "./shapes.ts";

export const reconciliationSchema = mapping({ drift_percent: percent.optional() });
