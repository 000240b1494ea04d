/** What a figure that people read rests on, and as of when: the same words wherever it stands. */

export type BasisKind = "estimated" | "billed" | "reconciled";

/** Frozen with the figure. */
export interface FigureBasis {
  readonly kind: BasisKind;
  /** ISO 8601, in UTC. */
  readonly asOf: string;
}

export const BASIS_TEXT: Readonly<Record<BasisKind, string>> = {
  estimated: "Estimated from usage events",
  billed: "Compared with Anthropic's bill, with differences",
  reconciled: "Reconciled with Anthropic's bill",
};
