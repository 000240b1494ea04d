/**
 * Chance that repeats itself: the same words give the same numbers on every machine. Not for
 * secrets. Small and fast, because an example of 90 days asks for half a million numbers.
 */

export interface Chance {
  /** At least 0, below 1. */
  next(): number;
  /** A whole number in [min, max]; a `skew` over 1 makes small ones likelier. */
  whole(range: { readonly min: number; readonly max: number; readonly skew?: number }): number;
  /** Whether something of this probability happens. */
  isLucky(probability: number): boolean;
  pick<Choice>(choices: readonly [Choice, ...Choice[]]): Choice;
  /** How often something happens that happens `mean` times on average (Poisson). */
  count(mean: number): number;
}

/** The chance that belongs to these words. */
export function chanceOf(...words: readonly string[]): Chance {
  const next = numbersFrom(hash(words.join("|")));
  return {
    next,
    whole: ({ min, max, skew = 1 }) => min + Math.floor((max - min + 1) * next() ** skew),
    isLucky: (probability) => next() < probability,
    pick: (choices) => choices[Math.floor(next() * choices.length)] ?? choices[0],
    count: (mean) => {
      // Knuth's method: exact, and quick for the few dozen an hour that are asked for here.
      const limit = Math.exp(-mean);
      let product = next();
      let count = 0;
      while (product > limit) {
        count += 1;
        product *= next();
      }
      return count;
    },
  };
}

/** FNV-1a with a last stir, so that "…10" and "…11" have nothing in common. */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

/** Mulberry32: one word of state, good enough for traffic. */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
