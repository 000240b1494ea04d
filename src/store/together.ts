/**
 * Statements of one transaction that do not wait for each other, sent together. Not `Promise.all`,
 * which goes on at the first failure: what another branch sends later would run after the rollback,
 * on a connection that is somebody else's by then, and commit by itself.
 */

/** All of their answers; rejects as one of them did, but only when nothing of them is left. */
export async function together<T extends readonly unknown[] | []>(
  work: T,
): Promise<{ -readonly [Index in keyof T]: Awaited<T[Index]> }> {
  await Promise.allSettled(work);
  return await Promise.all(work);
}
