/** The audit trail, the steps: a person's page of it, an export of any length, the duties report. */
import type { Email } from "../../domain/email.ts";
import { type Scope, type ScopeOption, type ScopeRefusal, typedScope } from "../../domain/scope.ts";
import { addMs, type Clock, DAY_MS, type Instant } from "../../domain/time.ts";
import type { Database } from "../../store/database.ts";
import {
  findPerson,
  findScope,
  listTeams,
  loadOrganization,
  offering,
  seesEverything,
} from "../organization/index.ts";
import { type DutiesReport, reportDuties } from "./rules/duties.ts";
import { type AuditFilter, type ChainedEntry, coveredScopes, mayReadAudit } from "./rules.ts";
import { countPolicyChanges, listEntriesAfter, listEntriesBefore, listGranted } from "./store.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
}

/** As many as a Slack message shows well; the rest is a page further. */
export const PAGE_ENTRIES = 8;
const EXPORT_PAGE = 1_000;
/** What a duties report is about unless somebody says otherwise. */
const DUTIES_DAYS = 90;

export type AuditPage =
  | {
      readonly kind: "page";
      readonly scope: Scope;
      readonly entries: readonly ChainedEntry[];
      /** Where the next page begins; undefined: this was the last. */
      readonly next: number | undefined;
    }
  | { readonly kind: "unknown-scope"; readonly refusal: ScopeRefusal }
  /** Also for what does not exist, so that the answer tells nothing; `own` is what they may read. */
  | { readonly kind: "not-allowed"; readonly own: readonly ScopeOption[] };

/** One page of what concerns a scope, the newest first, if `reader` may read it. */
export async function readAudit(
  { database }: Deps,
  ask: {
    readonly reader: Email;
    readonly scopeText: string;
    readonly before?: number | undefined;
  },
): Promise<AuditPage> {
  const person = await findPerson({ database }, ask.reader);
  const organization = await loadOrganization({ database });
  const teams = await listTeams({ database });
  const own = teams
    .filter(({ key }) => person.ownedTeams.includes(key))
    .map(({ key, name }) => ({ name, typed: typedScope({ kind: "team", key }) }));
  // Others than admins and finance are answered as if there were nothing but what is theirs.
  const named = seesEverything(person)
    ? teams
    : teams.filter(({ key }) => person.ownedTeams.includes(key));
  const asking = { person, organization, teams: named };
  const finding = findScope(ask.scopeText === "" ? "org" : ask.scopeText, asking);
  if (finding.kind !== "found") {
    const refusal = offering(finding, asking, (scope) => mayReadAudit(person, scope, teams));
    return seesEverything(person) || isNear(refusal)
      ? { kind: "unknown-scope", refusal }
      : { kind: "not-allowed", own };
  }
  const { scope } = finding;
  if (!mayReadAudit(person, scope, teams)) return { kind: "not-allowed", own };
  const found = await listEntriesBefore(
    database,
    { scopes: coveredScopes(scope, teams) },
    { before: ask.before, limit: PAGE_ENTRIES + 1 },
  );
  const entries = found.slice(0, PAGE_ENTRIES);
  const next = found.length > PAGE_ENTRIES ? entries.at(-1)?.sequence : undefined;
  return { kind: "page", scope, entries, next };
}

/** A typo of what they may read. */
function isNear(refusal: ScopeRefusal): boolean {
  return refusal.kind === "unknown-scope" && refusal.nearest.length > 0;
}

/** Every matching entry, the oldest first, without holding more than a page of them. */
export async function* exportAudit(
  { database }: Pick<Deps, "database">,
  filter: AuditFilter,
): AsyncGenerator<ChainedEntry> {
  let after = 0;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- page after page
    const page = await listEntriesAfter(database, filter, { after, limit: EXPORT_PAGE });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < EXPORT_PAGE) return;
    after = last.sequence;
  }
}

/** The filter of a scope, as the command line names it. */
export async function filterOfScope(
  { database }: Pick<Deps, "database">,
  scope: Scope,
): Promise<Pick<AuditFilter, "scopes">> {
  return { scopes: coveredScopes(scope, await listTeams({ database })) };
}

export interface DutiesOfPeriod {
  readonly from: Instant;
  readonly until: Instant;
  readonly report: DutiesReport;
}

/** Separation of duties over a period; without one, over the last 90 days. */
export async function reportDutiesOf(
  { database, clock }: Deps,
  period: { readonly from?: Instant | undefined; readonly until?: Instant | undefined } = {},
): Promise<DutiesOfPeriod> {
  const until = period.until ?? clock();
  const from = period.from ?? addMs(until, -DUTIES_DAYS * DAY_MS);
  const { admins } = await loadOrganization({ database });
  const report = reportDuties(await listGranted(database, { from, until }), {
    policyChanges: await countPolicyChanges(database, { from, until }),
    admins,
  });
  return { from, until, report };
}

/** The same for a person in Slack: for admins and finance only. */
export async function reportDutiesFor(
  deps: Deps,
  reader: Email,
): Promise<DutiesOfPeriod | undefined> {
  return seesEverything(await findPerson(deps, reader)) ? await reportDutiesOf(deps) : undefined;
}
