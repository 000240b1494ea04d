/**
 * Several batches of the outbox under way at once: a slow answer of Slack holds up its own batch,
 * and nobody else's message. Which message may go, and that each goes once and in order, is settled
 * where a batch is claimed (`claim.ts`), here as between replicas.
 */

export interface Batches {
  /** Begins a batch; resolves with its size when it is claimed and there is room for a further one. */
  readonly begin: () => Promise<number>;
  /** Resolves when nothing is under way any more. */
  readonly settle: () => Promise<void>;
}

/** Each holds one connection of the pool while Slack answers; the others are for people. */
const BATCHES_MAX = 3;

export function createBatches(options: {
  /** Sends one batch; tells its size as soon as it is claimed. */
  readonly send: (onClaimed: (count: number) => void) => Promise<number>;
  /** One is done: what came after its messages may go now. */
  readonly onDone: () => void;
}): Batches {
  const underWay = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;

  const start = async (): Promise<number> =>
    await new Promise<number>((resolve, reject) => {
      let isClaimed = false;
      const run = async (): Promise<void> => {
        try {
          resolve(
            await options.send((count) => {
              isClaimed = true;
              resolve(count);
            }),
          );
        } catch (error) {
          // Who began it has gone on: the next one to begin hears of it, and waits as for its own.
          if (isClaimed) failure = { error };
          reject(error);
        }
      };
      const batch = run().finally(() => {
        underWay.delete(batch);
        if (isClaimed) options.onDone();
      });
      underWay.add(batch);
    });

  return {
    async begin() {
      if (failure !== undefined) {
        const { error } = failure;
        failure = undefined;
        throw error;
      }
      const count = await start();
      if (underWay.size >= BATCHES_MAX) await Promise.race(underWay);
      return count;
    },

    async settle() {
      await Promise.all(underWay);
    },
  };
}
