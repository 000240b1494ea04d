/**
 * Corrections of corrections, the decisions. A chain is an event, what corrects or voids it, what
 * corrects that, and so on; its last event is what counts. Pure; events go by their keys.
 */

/** One event of a chain. */
export interface ChainLink {
  /** What it corrects or voids; undefined: it is the first of its chain. */
  readonly corrected: string | undefined;
  /** Whether it has claimed a request or message: nobody else can count that any more. */
  readonly hasCall: boolean;
}

/** Whether an event that corrects `target` would stand above itself. */
export function closesCircle(
  chains: ReadonlyMap<string, ChainLink>,
  { event, target }: { readonly event: string; readonly target: string },
): boolean {
  for (
    let link: string | undefined = target;
    link !== undefined;
    link = chains.get(link)?.corrected
  )
    if (link === event) return true;
  return false;
}

/** Whether an event or one above it has claimed a request: then no other source counts that. */
export function hasCallAbove(chains: ReadonlyMap<string, ChainLink>, event: string): boolean {
  for (let link: string | undefined = event; link !== undefined; ) {
    const { corrected, hasCall }: Partial<ChainLink> = chains.get(link) ?? {};
    if (hasCall === true) return true;
    link = corrected;
  }
  return false;
}

/**
 * Of corrections that come together, the events that refer to each other in a circle, and those
 * that refer to one of them.
 */
export function circularAmong(
  corrections: readonly { readonly event: string; readonly target: string }[],
): ReadonlySet<string> {
  const open = new Map<string, number>(); // of each event, how many of its targets may be circular
  const referring = new Map<string, string[]>();
  for (const { event } of corrections) open.set(event, 0);
  for (const { event, target } of corrections) {
    if (!open.has(target)) continue;
    open.set(event, (open.get(event) ?? 0) + 1);
    referring.set(target, [...(referring.get(target) ?? []), event]);
  }
  const settled = [...open].flatMap(([event, targets]) => (targets === 0 ? [event] : []));
  for (const event of settled) {
    for (const above of referring.get(event) ?? []) {
      const left = (open.get(above) ?? 0) - 1;
      open.set(above, left);
      if (left === 0) settled.push(above);
    }
  }
  for (const event of settled) open.delete(event);
  return new Set(open.keys());
}
