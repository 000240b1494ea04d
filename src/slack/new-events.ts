/**
 * Which events are new. Slack sends an event again, up to three times within minutes, whose answer
 * it missed. Kept in memory: what must hold across processes is idempotent by itself.
 */

/** More ids than this are only needed in a flood. */
const REMEMBERED_MAX = 1_000;

/** True for each id once. */
export function newEvents(): (eventId: string) => boolean {
  const seen = new Set<string>();
  return (eventId) => {
    if (seen.has(eventId)) return false;
    seen.add(eventId);
    const [oldest] = seen;
    if (seen.size > REMEMBERED_MAX && oldest !== undefined) seen.delete(oldest);
    return true;
  };
}
