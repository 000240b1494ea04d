/**
 * How a workspace comes and goes: an operator makes a link, whoever has it installs with it once,
 * and Slack says when the bot was removed. A link is needed because the bot knows people by the
 * e-mail addresses that a workspace's admins gave them: whoever could install, could be anybody.
 */
import { createHash, randomBytes } from "node:crypto";
import { AppError } from "../../domain/errors.ts";
import { addMs, type Clock, DAY_MS, type Instant } from "../../domain/time.ts";
import { recordAudit } from "../../store/audit.ts";
import { type Database, inTransaction, type Sql } from "../../store/database.ts";
import { sealText } from "../../store/sealed-text.ts";
import { listDead } from "../dead-destinations.ts";
import { hurryDestination } from "../outbox.ts";
import { SCOPES_BY_CALL } from "../web.ts";
import { splitId } from "../workspace-id.ts";
import { exchangeCode, type Grant, type OAuthApp, revokeToken } from "./oauth.ts";
import {
  insertInstallLink,
  listInstallations,
  returnInstallLink,
  revokeInstallation,
  upsertInstallation,
  useInstallLink,
} from "./store.ts";

export const LINK_LIFE_MS = DAY_MS;
const LINK_BYTES = 32;

export interface InstallDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly app: OAuthApp;
  /** 32 bytes: what tokens are sealed with. */
  readonly secretsKey: Buffer;
}

/** Hash of a link as it stands in the database. */
export function hashLink(link: string): Buffer {
  return createHash("sha256").update(link).digest();
}

/** A link by which one workspace may install, once, within a day. It is shown here and never again. */
export async function makeInstallLink(
  { database, clock }: Pick<InstallDeps, "database" | "clock">,
  { onlyFor, madeBy }: { readonly onlyFor?: string | undefined; readonly madeBy: string },
): Promise<{ readonly link: string; readonly expiresAt: Instant }> {
  if (onlyFor !== undefined && !/^[TE][A-Z0-9]{2,20}$/.test(onlyFor)) {
    throw new AppError({
      code: "invalid",
      message: `Expected the id of a workspace (T…) or of an Enterprise Grid (E…), not ${onlyFor}. Slack shows it in the address of its web client.`,
    });
  }
  const link = randomBytes(LINK_BYTES).toString("base64url");
  const madeAt = clock();
  const expiresAt = addMs(madeAt, LINK_LIFE_MS);
  await inTransaction(database, async (sql) => {
    await insertInstallLink(sql, { sha256: hashLink(link), onlyFor, madeBy, madeAt, expiresAt });
    await recordAudit(sql, {
      occurredAt: madeAt,
      actor: madeBy,
      action: "slack.install_link_made",
      subject: `slack:${onlyFor ?? "any"}`,
      after: { expires_at: expiresAt.toISOString() },
    });
  });
  return { link, expiresAt };
}

export type InstallOutcome =
  | { readonly kind: "installed"; readonly name: string; readonly isFirst: boolean }
  | { readonly kind: "refused"; readonly because: string };

/**
 * 1. Uses the link up, which a second request with it waits for. 2. Exchanges the code. 3. Refuses,
 * and gives the token back unless the workspace lives by it, what can't work. 4. Keeps the token,
 * sealed, and lets what waits for the workspace go on. What is refused or fails gives the link back.
 */
export async function install(
  deps: InstallDeps,
  { linkHash, code }: { readonly linkHash: Buffer; readonly code: string },
): Promise<InstallOutcome> {
  let unwanted: string | undefined;
  const outcome = await inTransaction(deps.database, async (sql): Promise<InstallOutcome> => {
    const now = deps.clock();
    const link = await useInstallLink(sql, linkHash, now);
    if (link === undefined) return { kind: "refused", because: LINK_GONE };
    const grant = await exchangeCode(deps.app, code);
    const known = await listInstallations(sql);
    const because = refusalOf(grant, link.onlyFor);
    if (because !== undefined) {
      // Slack gives a workspace the same token each time: one that has the bot would lose it.
      const hasBot = known.some(
        ({ id, sealedToken }) => id === grant.id && sealedToken !== undefined,
      );
      unwanted = hasBot ? undefined : grant.token;
      await returnInstallLink(sql, linkHash);
      return { kind: "refused", because };
    }
    const isFirst = known.length === 0;
    await keep(sql, deps, { grant, now, madeBy: link.madeBy });
    return { kind: "installed", name: grant.name, isFirst };
  });
  if (unwanted !== undefined) await revokeToken(deps.app, unwanted).catch(() => undefined);
  return outcome;
}

export const LINK_GONE =
  "This link was used already, or its day is over. Ask whoever runs Claude Spend for a new one.";

function refusalOf(grant: Grant, onlyFor: string | undefined): string | undefined {
  if (onlyFor !== undefined && onlyFor !== grant.id) {
    return `This link is for ${onlyFor}, and ${grant.name} is ${grant.id}. Ask for a link for that one.`;
  }
  if (grant.isRotating) {
    return "This Slack app has token rotation turned on, which Claude Spend does not support. It can't be turned off again: make the app anew from manifest.yml.";
  }
  if (grant.slackTeamIds.length === 0) {
    return "The Enterprise Grid has no workspace that uses this app yet. Add it to a workspace, then install again.";
  }
  const needed: readonly string[] = Object.values(SCOPES_BY_CALL).flat();
  const missing = [...new Set(needed)].filter((scope) => !grant.scopes.includes(scope));
  return missing.length === 0
    ? undefined
    : `Slack did not grant ${missing.join(", ")}. Make the app from manifest.yml, then install again.`;
}

async function keep(
  sql: Sql,
  { secretsKey }: InstallDeps,
  { grant, now, madeBy }: { readonly grant: Grant; readonly now: Instant; readonly madeBy: string },
): Promise<void> {
  const { token, isRotating: _, ...known } = grant;
  await upsertInstallation(sql, {
    ...known,
    sealedToken: sealText(token, { key: secretsKey, boundTo: grant.id }),
    installedAt: now,
  });
  await recordAudit(sql, {
    occurredAt: now,
    actor: madeBy,
    action: "slack.installed",
    subject: `slack:${grant.id}`,
    after: { name: grant.name, installed_by: grant.installedBy, scopes: grant.scopes.join(" ") },
  });
  const [first] = await listInstallations(sql);
  for (const { destination } of await listDead(sql)) {
    const slackTeamId = splitId(destination).slackTeamId ?? first?.slackTeamIds[0] ?? "";
    if (grant.slackTeamIds.includes(slackTeamId)) {
      // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
      await hurryDestination(sql, destination, now);
    }
  }
}

/** Slack says that the bot was removed, or its token revoked. True when that was news. */
export async function uninstall(
  { database, clock }: Pick<InstallDeps, "database" | "clock">,
  event: { readonly id: string; readonly because: string; readonly saidAt: Instant },
): Promise<boolean> {
  return await inTransaction(database, async (sql) => {
    const now = clock();
    const { because, saidAt } = event;
    const isNews = await revokeInstallation(sql, event.id, { because, saidAt, now });
    if (isNews) {
      await recordAudit(sql, {
        occurredAt: now,
        actor: "slack",
        action: "slack.uninstalled",
        subject: `slack:${event.id}`,
        before: { because },
      });
    }
    return isNews;
  });
}
