/** Several things that must each be done, whatever becomes of the others. */

/** Runs one after the other, all of them; then throws what the first one threw that failed. */
export async function runAll(steps: readonly (() => Promise<unknown>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- in this order
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
