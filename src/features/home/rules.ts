/** App Home, the decisions: which parts one person's Home has, and in which order. Pure. */

/** How many requests are shown in full; more would push one's own spend out of sight. */
const REQUESTS_SHOWN_MAX = 5;

/** Parts that need a decision come first. A part without content is left out. */
export function arrangeHome<Part>(parts: {
  readonly requests: readonly Part[];
  readonly ownSpend: Part;
}): {
  readonly requests: readonly Part[];
  readonly hiddenRequests: number;
  readonly ownSpend: Part;
} {
  return {
    requests: parts.requests.slice(0, REQUESTS_SHOWN_MAX),
    hiddenRequests: Math.max(0, parts.requests.length - REQUESTS_SHOWN_MAX),
    ownSpend: parts.ownSpend,
  };
}
