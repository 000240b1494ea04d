/** What somebody could ask of what is theirs, for help. Changes nothing. */
import type { Email } from "../../../domain/email.ts";
import type { Database } from "../../../store/database.ts";
import {
  findPerson,
  listTeams,
  loadOrganization,
  viewableScopes,
} from "../../organization/index.ts";
import { type Example, examplesFor } from "../rules/examples.ts";

/** Examples of one's largest scope, which may be oneself. */
export async function loadExamples(
  { database }: { readonly database: Database },
  email: Email,
): Promise<readonly Example[]> {
  const [person, teams, organization] = await Promise.all([
    findPerson({ database }, email),
    listTeams({ database }),
    loadOrganization({ database }),
  ]);
  const scopes = viewableScopes({ person, teams, organization });
  return examplesFor(scopes.find(({ typed }) => typed !== "org") ?? { name: "Me", typed: "me" });
}
