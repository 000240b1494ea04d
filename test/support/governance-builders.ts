/** A governance document in force, for tests of what edits it. */
import { governanceAppliers } from "../../src/app/appliers.ts";
import type { Clock } from "../../src/domain/time.ts";
import { applyGovernance, findGovernanceDocument } from "../../src/features/governance/index.ts";
import type { Database } from "../../src/store/database.ts";

/** The organization of `acme()` as a document. */
const ACME = `organization: { name: Acme, finops_channel: "#finops", admins: [dana@acme.test] }
teams:
  search: { name: Search, channel: "#team-search", owners: [ana@acme.test], members: [bo@acme.test], projects: [checkout, ranking] }
  ads: { name: Ads, owners: [eve@acme.test] }
`;

/** Puts the organization of `acme()` in force as the first version, with `more` of a document. */
export async function applyAcme(
  deps: { readonly database: Database; readonly clock: Clock },
  more = "",
): Promise<void> {
  await deps.database.query(`truncate governance_documents, governance_file cascade`);
  const outcome = await applyGovernance(
    { ...deps, appliers: governanceAppliers },
    { text: `${ACME}${more}`, appliedBy: "dana@acme.test" },
  );
  if (outcome.kind !== "applied") throw new Error(JSON.stringify(outcome));
}

/** The document in force from its budgets on. */
export async function budgetsInForce(database: Database): Promise<string> {
  const { text = "" } = (await findGovernanceDocument({ database })) ?? {};
  return text.slice(text.indexOf("budgets:"));
}
