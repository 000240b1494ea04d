/** Whose Home a change concerns, from its entry in the audit trail. Pure. */

/** What was changed, as the audit trail names it. */
export interface Change {
  /** "approval.applied" */
  readonly action: string;
  /** "approval:018f…", "budget:search-monthly", "settings:ana@acme.test" */
  readonly subject: string;
}

export type Concerned =
  | { readonly kind: "everybody" }
  /** Whoever asked, is asked or has spoken. */
  | { readonly kind: "request"; readonly requestId: string }
  | { readonly kind: "budget"; readonly budgetId: string }
  | { readonly kind: "person"; readonly email: string }
  /** Who sees everything: it is among what needs attention. */
  | { readonly kind: "overseers" }
  | { readonly kind: "nobody" };

/** What nobody's Home shows is passed over; a kind that is new concerns who sees everything. */
export function concernedBy({ action, subject }: Change): Concerned {
  const colon = subject.indexOf(":");
  const [of, key] = [subject.slice(0, Math.max(0, colon)), subject.slice(colon + 1)];
  switch (of) {
    case "approval":
      return { kind: "request", requestId: key };
    case "budget":
      return { kind: "budget", budgetId: key };
    case "settings":
    case "person":
    case "user":
      return { kind: "person", email: key };
    case "governance":
      return { kind: "everybody" };
    case "price":
    case "source":
    case "month":
    case "planned_event":
      return { kind: "nobody" };
    default:
      return action.startsWith("governance.") || action.startsWith("organization.")
        ? { kind: "everybody" }
        : { kind: "overseers" };
  }
}
