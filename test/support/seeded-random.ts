/** Chance that a seed repeats, for simulations, faults and generated load: the same on every machine. */
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

export interface SeededRandom {
  /** From [0, 1). */
  readonly next: () => number;
  /** A whole number from [0, limit). */
  readonly below: (limit: number) => number;
  readonly chance: (probability: number) => boolean;
  readonly pick: <T>(values: readonly T[]) => T;
}

export function seededRandom(seed: number): SeededRandom {
  const generator = xoroshiro128plus(scattered(seed));
  const next = (): number => uniformFloat64(generator);
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    next,
    below,
    chance: (probability) => next() < probability,
    pick: (values) => {
      const [value] = values.slice(below(values.length));
      if (values.length === 0) throw new Error("nothing to pick from");
      return value as (typeof values)[number];
    },
  };
}

/**
 * Far from those of its neighbours (the last step of MurmurHash3): the generator begins alike for
 * seeds that are alike, and a run that numbers its cases would repeat one case many times.
 */
function scattered(seed: number): number {
  const low = Math.imul(seed ^ (seed >>> 16), 0x85eb_ca6b);
  const mixed = Math.imul(low ^ (low >>> 13), 0xc2b2_ae35);
  return mixed ^ (mixed >>> 16);
}

/** A factor around 1, never negative: what varies by chance, such as a day's spend. */
export function noise(random: () => number, deviation: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.exp(deviation * normal - (deviation * deviation) / 2);
}
