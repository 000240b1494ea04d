/** A program that several workspaces may install, and what a browser does with a link of it. */
import { type Logger, pino } from "pino";
import type { Program } from "../../../src/app/program.ts";
import type { Clock } from "../../../src/domain/time.ts";
import {
  ACME,
  createFakeOrganization,
  type FakeOrganization,
  type FakeSlack,
} from "../../../src/sandbox/slack/index.ts";
import { makeInstallLink } from "../../../src/slack/installations/install.ts";
import { galleryManifest, newHome, startWith, type Undo } from "./start.ts";

export const FIRST = ACME.slackTeamId;
export const SECOND = "T02ACMELABS";
const LABS = { ...ACME, slackTeamId: SECOND, name: "Acme Labs", domain: "acme-labs" };
const SECRETS_KEY = Buffer.alloc(32, "gallery").toString("base64");

/** A page as a browser got it, and the cookie that came with it. */
interface Visit {
  readonly html: string;
  readonly cookie: string;
}

export interface Several {
  readonly newLink: (onlyFor?: string) => Promise<string>;
  /** A browser that follows nothing by itself. */
  readonly visit: (path: string, cookie?: string) => Promise<Visit>;
  /** Opens the link, and allows the bot to be in a workspace, or none. */
  readonly install: (workspace: string | undefined, link?: string) => Promise<Visit>;
}

export async function openSeveral(
  clock: Clock,
  undo: Undo,
): Promise<{
  readonly url: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly database: Program["database"];
  readonly fake: FakeSlack;
  readonly several: Several;
}> {
  const organization = createFakeOrganization({
    teams: [ACME, LABS],
    manifest: await galleryManifest(),
    now: () => Date.now(),
  });
  await organization.listen();
  undo.push(organization.close);
  const { url, settings } = await newHome(undo);
  // Until somebody has installed it, the bot says that it can't read its workspace.
  const log = pino({ level: "silent" });
  const program = await startWith(
    {
      ...settings,
      SLACK_CLIENT_ID: organization.client.clientId,
      SLACK_CLIENT_SECRET: organization.client.clientSecret,
      SLACK_STATE_SECRET: "state-secret-of-this-gallery-0123456789",
      SLACK_SIGNING_SECRET: organization.signingSecret,
      SLACK_API_URL: organization.apiUrl(),
      SECRETS_KEY,
    },
    { log, clock },
  );
  undo.push(program.stop);
  organization.setBotUrl(url);
  const { database } = program;
  const several = installing({ organization, database, clock, url });
  return { url, clock, log, database, fake: organization.workspace(FIRST), several };
}

function installing({
  organization,
  database,
  clock,
  url,
}: {
  readonly organization: FakeOrganization;
  readonly database: Program["database"];
  readonly clock: Clock;
  readonly url: string;
}): Several {
  const newLink: Several["newLink"] = async (onlyFor) =>
    (await makeInstallLink({ database, clock }, { onlyFor, madeBy: "gallery" })).link;
  const visit: Several["visit"] = async (path, cookie = "") => {
    const answer = await fetch(url + path, { redirect: "manual", headers: { cookie } });
    const [set = ""] = (answer.headers.get("set-cookie") ?? "").split(";");
    return { html: await answer.text(), cookie: set };
  };
  return {
    newLink,
    visit,
    install: async (workspace, link) => {
      const page = await visit(`/slack/install?link=${link ?? (await newLink())}`);
      const [, href = ""] = /class="button" href="([^"]+)"/.exec(page.html) ?? [];
      const authorizeUrl = href.replaceAll("&amp;", "&");
      const back = new URL(
        workspace === undefined
          ? organization.deny(authorizeUrl)
          : organization.allow(authorizeUrl, workspace),
      );
      return await visit(back.pathname + back.search, page.cookie);
    },
  };
}
