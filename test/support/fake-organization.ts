/**
 * An organization of two Slack workspaces that could hardly be more alike: in both there are a
 * person U02ANASILVA and a channel #finops with the same id, but they are not the same. Nothing of
 * one may ever reach the other.
 */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { afterEach, beforeEach } from "vitest";
import { readConfig } from "../../src/app/config.ts";
import { slackConfig } from "../../src/app/slack.ts";
import { slackAccess } from "../../src/app/workspaces.ts";
import { type Clock, instant } from "../../src/domain/time.ts";
import {
  ACME,
  createFakeOrganization,
  type FakeOrganization,
} from "../../src/sandbox/slack/index.ts";
import { createSlackApp, type SlackApp } from "../../src/slack/app.ts";
import { createDirectory, type Directory } from "../../src/slack/directory.ts";
import { makeInstallLink } from "../../src/slack/installations/install.ts";
import type { SlackListeners } from "../../src/slack/listener.ts";
import type { SlackWeb } from "../../src/slack/web.ts";
import { type RecordedLog, recordLog } from "../slack/recording-slack.ts";
import type { TestDatabase } from "./database.ts";
import { PATIENCE_MS, PEOPLE, TEST_MANIFEST } from "./fake-slack.ts";

type Team = Parameters<typeof createFakeOrganization>[0]["teams"][number];

export const FIRST = ACME.slackTeamId;
export const SECOND = "T02ACMELABS";
const STATE_SECRET = "state-secret-state-secret-state-secret";
export const MANY_MANIFEST = {
  ...TEST_MANIFEST,
  scopes: [
    ...TEST_MANIFEST.scopes,
    "channels:history",
    "files:write",
    "groups:history",
    "im:history",
  ],
};

/** The same ids as in Acme; Ana is called Lia there, and Bo is the same person under another id. */
export const LABS: Team = {
  ...ACME,
  slackTeamId: SECOND,
  name: "Acme Labs",
  domain: "acme-labs",
  channels: ACME.channels.map((channel) => ({
    ...channel,
    members: channel.members.map((id) => (id === PEOPLE.bo ? "U0LABSBO000" : id)),
  })),
  people: ACME.people.map((person) => {
    switch (person.handle) {
      case "ana":
        return { ...person, name: "Lia Labs", handle: "lia", email: "lia@labs.test" };
      case "bo":
        return { ...person, id: "U0LABSBO000", name: "Bo at Labs" };
      default:
        return { ...person, email: `${person.handle}@labs.test` };
    }
  }),
};

export interface ManyInTest {
  readonly organization: FakeOrganization;
  readonly web: SlackWeb;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly log: RecordedLog;
  readonly url: string;
  /** What a browser does with a link, up to the last page. */
  readonly install: (installerId: string, link?: string) => Promise<Visit>;
  readonly visit: (path: string, cookie?: string) => Promise<Visit>;
  readonly newLink: (onlyFor?: string) => Promise<string>;
  readonly pass: (ms: number) => void;
}

export interface Visit {
  readonly status: number;
  readonly html: string;
  readonly cookie: string;
  readonly headers: Headers;
}

/** Starts the organization and a bot with these listeners before each test of the file. */
export function useManyWorkspaces(
  db: TestDatabase,
  listeners: SlackListeners,
  options: { readonly teams?: readonly Team[]; readonly isRotating?: boolean } = {},
): () => ManyInTest {
  let current: ManyInTest | undefined;
  let server: Server | undefined;
  let app: SlackApp | undefined;
  beforeEach(async () => {
    let at = Date.now(); // Stands still until a test turns it, as that of one fake Slack.
    const now = (): number => at;
    const clock: Clock = () => instant(at);
    const { teams = [ACME, LABS], isRotating = false } = options;
    const organization = createFakeOrganization({
      teams,
      manifest: MANY_MANIFEST,
      now,
      isRotating,
      dispatchTimeoutMs: PATIENCE_MS,
    });
    await organization.listen();
    const log = recordLog();
    const config = configOf(organization);
    const { web, many } = slackAccess(config, { database: db.pool, clock, log: log.log });
    const directory = createDirectory({ database: db.pool, web, clock, hasManyWorkspaces: true });
    const deps = { web, directory, clock, log: log.log, listeners: [listeners] };
    app = createSlackApp({ ...deps, config: slackConfig(config), many: many?.([listeners]) });
    await app.start();
    server = createServer(app.requestListener);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const url = `http://127.0.0.1:${String(port)}`;
    organization.setBotUrl(url);
    const newLink = async (onlyFor?: string): Promise<string> =>
      (await makeInstallLink({ database: db.pool, clock }, { onlyFor, madeBy: "dana" })).link;
    const visit = async (path: string, cookie = ""): Promise<Visit> =>
      await visitAt(url, path, cookie);
    current = {
      organization,
      web,
      directory,
      clock,
      log,
      url,
      newLink,
      visit,
      install: async (installerId, link) => {
        const page = await visit(`/slack/install?link=${link ?? (await newLink())}`);
        const target = organization.allow(buttonOf(page), installerId);
        return await visit(target.slice(url.length), page.cookie);
      },
      pass: (ms) => {
        at += ms;
      },
    };
  });
  afterEach(async () => {
    await app?.stop();
    server?.closeAllConnections();
    server?.close();
    await current?.organization.close();
    await db.pool.query(
      "truncate slack_installations, slack_install_links, slack_users, outbox_messages, dead_destinations",
    );
    current = undefined;
  });
  return () => {
    if (current === undefined) throw new Error("the organization exists inside tests only");
    return current;
  };
}

/** Where "Add to Slack" leads. */
export function buttonOf({ html }: Visit): string {
  const [, href = ""] = /class="button" href="([^"]+)"/.exec(html) ?? [];
  return href.replaceAll("&amp;", "&");
}

/** A browser that follows nothing by itself. */
export async function visitAt(url: string, path: string, cookie = ""): Promise<Visit> {
  const response = await fetch(url + path, { redirect: "manual", headers: { cookie } });
  const set = response.headers.get("set-cookie") ?? "";
  return {
    status: response.status,
    html: await response.text(),
    cookie: set.split(";")[0] ?? "",
    headers: response.headers,
  };
}

export function manySettings(organization: FakeOrganization): Record<string, string> {
  return {
    SLACK_CLIENT_ID: organization.client.clientId,
    SLACK_CLIENT_SECRET: organization.client.clientSecret,
    SLACK_STATE_SECRET: STATE_SECRET,
    SLACK_SIGNING_SECRET: organization.signingSecret,
    SLACK_API_URL: organization.apiUrl(),
    SECRETS_KEY: Buffer.alloc(32, "sealing-key").toString("base64"),
  };
}

function configOf(organization: FakeOrganization) {
  const result = readConfig(manySettings(organization));
  if (result.kind === "problems") throw new Error(result.problems.join("\n"));
  return result.config;
}
