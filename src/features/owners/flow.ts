/** Owners, the steps: what belongs to nobody, for admins. Changes nothing. */
import type { Email } from "../../domain/email.ts";
import { sumUsd } from "../../domain/money.ts";
import { addMs, type Clock, DAY_MS, instant, MINUTE_MS, type Period } from "../../domain/time.ts";
import type { Database } from "../../store/database.ts";
import { listAllocationRules } from "../allocation/index.ts";
import {
  findPerson,
  listServiceAccounts,
  listTeams,
  loadOrganization,
  seesEverything,
} from "../organization/index.ts";
import { findOrphans, type Orphans } from "./rules/orphans.ts";
import { ID_TAG_NAMES, type Known, suggestRules, type UnallocatedReport } from "./rules.ts";
import * as store from "./store.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
}

const DAYS = 30;
const QUARTER_HOUR_MS = 15 * MINUTE_MS;

/** What nobody's team spent in 30 days, and which rules would have caught it. */
export async function reportUnallocated({ database, clock }: Deps): Promise<UnallocatedReport> {
  const period = lately(clock);
  const [spend, tags, known] = await Promise.all([
    store.listUnallocated(database, period),
    store.listUnallocatedTags(database, period),
    loadKnown(database),
  ]);
  return {
    days: DAYS,
    asOf: clock(),
    total: sumUsd(spend.map(({ amount }) => amount)),
    suggestions: suggestRules(spend, tags, known),
    unlinked: tags
      .filter(({ name }) => ID_TAG_NAMES.includes(name))
      .map(({ name, value, source, amount }) => ({
        name: identityText({ name, value, source }),
        amount,
      })),
  };
}

/** As `claude-spend people link` takes it. */
function identityText(tag: {
  readonly name: string;
  readonly value: string;
  readonly source: string;
}): string {
  switch (tag.name) {
    case "user.account_id":
    case "anthropic_user_id":
      return `anthropic_user:${tag.value}`;
    case "user.account_uuid":
      return `anthropic_account:${tag.value}`;
    case "slack_user_id":
      return `slack_user:${tag.value}`;
    default:
      return `gateway_user:${tag.source}/${tag.value}`;
  }
}

/** What has no owner, whether or not it spends. */
export async function reportOrphans({ database, clock }: Deps): Promise<Orphans> {
  const [spend, known] = await Promise.all([
    store.listSpendBy(database, lately(clock)),
    loadKnown(database),
  ]);
  return findOrphans(spend, known);
}

/** Both reports for who sees everything; undefined for anybody else. */
export async function reportForAdmin(
  deps: Deps,
  reader: Email,
): Promise<{ readonly unallocated: UnallocatedReport; readonly orphans: Orphans } | undefined> {
  if (!seesEverything(await findPerson(deps, reader))) return undefined;
  const [unallocated, orphans] = await Promise.all([reportUnallocated(deps), reportOrphans(deps)]);
  return { unallocated, orphans };
}

async function loadKnown(database: Database): Promise<Known> {
  const [teams, { admins, finance = [] }, serviceAccounts, rules, keys, workspaces] =
    await Promise.all([
      listTeams({ database }),
      loadOrganization({ database }),
      listServiceAccounts(database),
      listAllocationRules(database),
      store.listKeys(database),
      store.listWorkspaces(database),
    ]);
  return { teams, admins: [...admins, ...finance], serviceAccounts, rules, keys, workspaces };
}

/** Thirty days back from the end of the running quarter of an hour. */
function lately(clock: Clock): Period {
  const now = clock();
  const end = instant(now.getTime() - (now.getTime() % QUARTER_HOUR_MS) + QUARTER_HOUR_MS);
  return { start: addMs(end, -DAYS * DAY_MS), end };
}
