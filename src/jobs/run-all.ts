/** Several things that must each be done, whatever becomes of the others. */

/**
 * Runs one after the other, all of them; then throws what the first one threw that failed. Once
 * `stopping` says so, no further one begins: for steps that somebody else takes up.
 */
export async function runAll(
  steps: readonly (() => Promise<unknown>)[],
  stopping?: AbortSignal,
): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps) {
    if (stopping?.aborted === true) break;
    try {
      // oxlint-disable-next-line no-await-in-loop -- in this order
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
