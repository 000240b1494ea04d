/**
 * The published prices once more, as a flat table in the order of the vendor's page: generated from
 * the fact sheet, not from the price list, so that a slip in one of the two is found.
 */

/** Dollars per million tokens: input, 5m cache write, 1h cache write, cache read, output. */
export type SeedRates = readonly [string, string, string, string, string];

export interface SeedRow {
  readonly ids: readonly string[];
  readonly from?: string;
  readonly above?: number;
  readonly rates: SeedRates;
  readonly fast?: SeedRates;
}

export const SEED: readonly SeedRow[] = [
  {
    ids: ["claude-fable-5-2", "claude-mythos-5-2"],
    from: "2026-11-09",
    rates: ["8", "10", "16", "0.20", "40"],
    fast: ["16", "20", "32", "0.40", "80"],
  },
  { ids: ["claude-fable-5-1", "claude-mythos-5-1"], rates: ["10", "12.5", "20", "0.25", "50"] },
  {
    ids: ["claude-fable-5", "claude-mythos-5"],
    from: "2026-06-09",
    rates: ["10", "12.5", "20", "1", "50"],
  },
  {
    ids: ["claude-opus-5-5"],
    from: "2026-09-22",
    rates: ["4", "5", "8", "0.20", "20"],
    fast: ["8", "10", "16", "0.40", "40"],
  },
  {
    ids: ["claude-opus-5"],
    from: "2026-07-24",
    rates: ["5", "6.25", "10", "0.5", "25"],
    fast: ["10", "12.5", "20", "1", "50"],
  },
  {
    ids: ["claude-opus-4-8"],
    rates: ["5", "6.25", "10", "0.5", "25"],
    fast: ["10", "12.5", "20", "1", "50"],
  },
  {
    ids: ["claude-opus-4-7", "claude-opus-4-6", "claude-opus-4-5", "claude-opus-4-5-20251101"],
    rates: ["5", "6.25", "10", "0.5", "25"],
  },
  {
    ids: [
      "claude-opus-4-1",
      "claude-opus-4-1-20250805",
      "claude-opus-4-0",
      "claude-opus-4-20250514",
      "claude-3-opus-20240229",
    ],
    rates: ["15", "18.75", "30", "1.5", "75"],
  },
  { ids: ["claude-sonnet-5-5"], from: "2026-09-28", rates: ["2", "2.5", "4", "0.20", "10"] },
  { ids: ["claude-sonnet-5-5"], from: "2026-10-07", rates: ["2", "2.5", "4", "0.10", "10"] },
  { ids: ["claude-sonnet-5"], from: "2026-06-30", rates: ["2", "2.5", "4", "0.20", "10"] },
  {
    ids: [
      "claude-sonnet-4-6",
      "claude-sonnet-4-5",
      "claude-sonnet-4-5-20250929",
      "claude-sonnet-4-0",
      "claude-sonnet-4-20250514",
      "claude-3-7-sonnet-20250219",
      "claude-3-5-sonnet-20241022",
      "claude-3-5-sonnet-20240620",
    ],
    rates: ["3", "3.75", "6", "0.30", "15"],
  },
  {
    ids: ["claude-haiku-5-5"],
    from: "2026-10-07",
    rates: ["0.10", "0.125", "0.20", "0.01", "0.50"],
  },
  {
    ids: ["claude-haiku-5-5"],
    from: "2026-10-07",
    above: 100000,
    rates: ["0.50", "0.625", "1.00", "0.05", "2.50"],
  },
  {
    ids: ["claude-haiku-4-5", "claude-haiku-4-5-20251001"],
    rates: ["1", "1.25", "2", "0.10", "5"],
  },
  { ids: ["claude-3-5-haiku-20241022"], rates: ["0.80", "1", "1.6", "0.08", "4"] },
  { ids: ["claude-3-haiku-20240307"], rates: ["0.25", "0.30", "0.50", "0.03", "1.25"] },
];
