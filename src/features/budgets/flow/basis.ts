/** What the figures of a budget rest on. Looks only. */
import type { FigureBasis } from "../../../domain/basis.ts";
import type { Scope } from "../../../domain/scope.ts";
import type { Instant, Period } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import { basisOf } from "../../reconciliation/index.ts";

/** Up to when Anthropic's bill was complete, or, for an estimate, `now`. */
export async function loadBasis(
  sql: Sql,
  figure: { readonly scope: Scope; readonly period: Period },
  now: Instant,
): Promise<FigureBasis> {
  const { kind, asOf = now } = await basisOf({ database: sql }, figure);
  return { kind, asOf: asOf.toISOString() };
}
