/** What a new governance changes, a line each, for the audit trail and for whoever applied it. Pure. */
import { usd, usdToDecimal } from "../../../domain/money.ts";
import type { Governance } from "../rules.ts";

/** One line per difference: `team ads: name "Ads" → "Advertising"`. Empty: none. */
export function describeChanges(before: Governance | undefined, after: Governance): string[] {
  return [
    ...fieldChanges(
      "reconciliation",
      { drift_percent: before?.driftPercent },
      { drift_percent: after.driftPercent },
    ),
    ...fieldChanges("ownership", { from: before?.ownershipFrom }, { from: after.ownershipFrom }),
    ...fieldChanges("organization", before?.organization ?? {}, after.organization),
    ...entryChanges("team", before?.teams ?? [], after.teams),
    ...entryChanges("budget", before?.budgets ?? [], after.budgets),
    ...entryChanges("digest", before?.digests ?? [], after.digests),
    ...listChange("allocation rules", before?.allocation ?? [], after.allocation),
    ...listChange("approval tiers", before?.approvals ?? [], after.approvals),
    ...listChange("discounts", before?.discounts ?? [], after.discounts),
    ...listChange("metering sources", before?.metering ?? [], after.metering),
    ...entryChanges(
      "service account",
      (before?.serviceAccounts ?? []).map(keyed),
      after.serviceAccounts.map(keyed),
    ),
    ...listChange("limit pushes", before?.limitPushes ?? [], after.limitPushes),
    ...listChange("shared costs", before?.sharedCosts ?? [], after.sharedCosts),
    ...entryChanges("commitment", before?.commitments ?? [], after.commitments),
    ...entryChanges("credit", before?.credits ?? [], after.credits),
  ];
}

function keyed({ address, ...rest }: Governance["serviceAccounts"][number]): Keyed {
  return { key: address, ...rest };
}

interface Keyed {
  readonly key: string;
}

function entryChanges(noun: string, before: readonly Keyed[], after: readonly Keyed[]): string[] {
  const old = new Map(before.map((entry) => [entry.key, entry]));
  const kept = new Set(after.map(({ key }) => key));
  return [
    ...after.flatMap((entry) => {
      const previous = old.get(entry.key);
      const name = `${noun} ${entry.key}`;
      return previous === undefined ? [`${name}: added`] : fieldChanges(name, previous, entry);
    }),
    ...before.filter(({ key }) => !kept.has(key)).map(({ key }) => `${noun} ${key}: removed`),
  ];
}

function fieldChanges(name: string, before: object, after: object): string[] {
  const old = new Map<string, unknown>(Object.entries(before));
  const current = new Map<string, unknown>(Object.entries(after));
  return [...new Set([...old.keys(), ...current.keys()])]
    .filter((field) => asText(old.get(field)) !== asText(current.get(field)))
    .map((field) => `${name}: ${field} ${asText(old.get(field))} → ${asText(current.get(field))}`);
}

function listChange(noun: string, before: readonly unknown[], after: readonly unknown[]): string[] {
  if (asText(before) === asText(after)) return [];
  return [`${noun}: ${String(before.length)} → ${String(after.length)}, changed`];
}

/** Exact and the same for equal values. Every bigint of a governance is an amount. */
function asText(value: unknown): string {
  if (value === undefined) return "none";
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === "bigint" ? usdToDecimal(usd(part)) : part,
  );
}
