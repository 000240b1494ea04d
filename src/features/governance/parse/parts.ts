/** The parts of a document as they stand in it, each with its path, before anything is known of them. */
import { parseEmail } from "../../../domain/email.ts";
import type { Located } from "../rules/check-governance.ts";

type Unread = readonly Located<unknown>[];

export interface Parts {
  readonly organization: Located<unknown>;
  readonly teams: Unread;
  readonly allocation: Unread;
  readonly budgets: Unread;
  readonly digests: Unread;
  readonly approvals: Unread;
  readonly discounts: Unread;
  readonly metering: Unread;
  readonly limitPushes: Unread;
  readonly serviceAccounts: Unread;
  /** One, or none. */
  readonly ownershipFrom: Unread;
  /** One, or none. */
  readonly reconciliation: Unread;
  readonly sharedCosts: Unread;
  readonly commitments: Unread;
  readonly credits: Unread;
}

type Mapping = Readonly<Record<string, unknown>>;

export function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whatever is there; what is no list or mapping where one belongs has no parts. */
export function partsOf(document: Mapping): Parts {
  const pricing = isMapping(document["pricing"]) ? document["pricing"] : {};
  const teams = isMapping(document["teams"]) ? document["teams"] : {};
  const accounts = isMapping(document["service_accounts"]) ? document["service_accounts"] : {};
  return {
    organization: { path: ["organization"], value: document["organization"] },
    teams: Object.entries(teams).map(([key, value]) => ({ path: ["teams", key], value })),
    allocation: itemsOf(document["allocation"], ["allocation"]),
    budgets: itemsOf(document["budgets"], ["budgets"]),
    digests: itemsOf(document["digests"], ["digests"]),
    approvals: itemsOf(document["approvals"], ["approvals"]),
    discounts: itemsOf(pricing["discounts"], ["pricing", "discounts"]),
    metering: itemsOf(document["metering"], ["metering"]),
    limitPushes: itemsOf(document["limit_pushes"], ["limit_pushes"]),
    // What is no address is refused by the shape of the document; nothing can be called so.
    serviceAccounts: Object.entries(accounts)
      .filter(([address]) => parseEmail(address) !== undefined)
      .map(([address, value]) => ({ path: ["service_accounts", address], value })),
    ownershipFrom: "from" in document ? [{ path: ["from"], value: document["from"] }] : [],
    reconciliation:
      "reconciliation" in document
        ? [{ path: ["reconciliation"], value: document["reconciliation"] }]
        : [],
    sharedCosts: itemsOf(document["shared_costs"], ["shared_costs"]),
    commitments: itemsOf(document["commitments"], ["commitments"]),
    credits: itemsOf(document["credits"], ["credits"]),
  };
}

/** Every team and project that is named, in parts that can't be read too. */
export function namesIn(parts: Parts): {
  readonly teamKeys: ReadonlySet<string>;
  readonly projectKeys: ReadonlySet<string>;
  readonly tierCount: number;
} {
  const projects = parts.teams.flatMap(({ value }) => {
    const listed = isMapping(value) ? value["projects"] : undefined;
    if (!Array.isArray(listed)) return [];
    const names = listed.map((one: unknown) => (isMapping(one) ? one["project"] : one));
    return names.filter((name) => typeof name === "string");
  });
  return {
    teamKeys: new Set(parts.teams.map(({ path }) => String(path.at(-1)))),
    projectKeys: new Set(projects),
    tierCount: parts.approvals.length,
  };
}

function itemsOf(list: unknown, path: readonly string[]): Unread {
  return Array.isArray(list)
    ? list.map((value: unknown, index) => ({ path: [...path, index], value }))
    : [];
}
