/** The set-up, the steps of looking: how far it is, and how somebody stands to it. */

import type { Email } from "../../../domain/email.ts";
import { AppError } from "../../../domain/errors.ts";
import { findPerson } from "../../organization/index.ts";
import { type SetUpFacts, type Standing, standingOf } from "../rules.ts";
import * as store from "../store.ts";
import type { SetUpDeps, Visitor } from "./deps.ts";

type Deps = Pick<SetUpDeps, "database" | "isAnthropicRead">;

/** How far the set-up is, by what is in force. */
export async function loadSetUp({ database, isAnthropicRead }: Deps): Promise<SetUpFacts> {
  return { ...(await store.loadFacts(database)), isAnthropicRead };
}

/** How somebody stands to it. Slack is asked only where there is no admin yet. */
export async function findStanding(
  { database }: Pick<SetUpDeps, "database">,
  visitor: Visitor,
  facts: Pick<SetUpFacts, "admins">,
): Promise<Standing> {
  const { email } = visitor;
  const person = await findPerson({ database }, email);
  const isOpen = facts.admins.length === 0;
  return standingOf({
    email,
    admins: facts.admins,
    ownsTeams: person.ownedTeams.length > 0,
    isWorkspaceAdmin: isOpen && (await runsWorkspace(visitor)),
    hasTypedCode: isOpen && (await store.isCodeClaimedBy(database, email)),
  });
}

/** By Slack's own word of now, not of yesterday. While Slack does not answer: no. */
export async function runsWorkspace({ web, slackUserId }: Visitor): Promise<boolean> {
  try {
    const user = await web.loadUser(slackUserId);
    return user.email !== undefined && user.isWorkspaceAdmin === true;
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}

/**
 * What App Home shows of the set-up. For most people nothing: they cost two short questions. Slack
 * is asked who runs the workspace only where there is no admin yet.
 */
export async function loadHomeSetUp(
  deps: Pick<SetUpDeps, "database" | "isAnthropicRead" | "directory"> & Pick<Visitor, "web">,
  email: Email,
): Promise<{ readonly facts: SetUpFacts; readonly standing: Standing } | undefined> {
  const admins = await store.listAdmins(deps.database);
  const person = await findPerson(deps, email);
  const isOutsider = admins.length > 0 && !person.isAdmin && person.ownedTeams.length === 0;
  if (isOutsider) return undefined;
  const facts = await loadSetUp(deps);
  const known = admins.length > 0 ? undefined : await deps.directory.findSlackUserByEmail(email);
  const visitor = { email, web: deps.web, slackUserId: known?.slackUserId ?? "" };
  return { facts, standing: await findStanding(deps, visitor, facts) };
}

/** Everybody whose App Home tells of it. */
export async function listAdmins({
  database,
}: Pick<SetUpDeps, "database">): Promise<readonly Email[]> {
  return await store.listAdmins(database);
}
