/** What comes of an edit of the document's values. Pure. */
import type { Values } from "./values.ts";

export type EditRefusal =
  /** What was to be changed is not there any more. */
  | { readonly reason: "gone"; readonly what: string }
  /** What was to be new is there already. */
  | { readonly reason: "taken"; readonly what: string };

export type EditResult =
  | { readonly kind: "values"; readonly values: Values }
  | ({ readonly kind: "refused" } & EditRefusal);

export function done(values: Values): EditResult {
  return { kind: "values", values };
}
