/**
 * `/slack/install` and `/slack/oauth_redirect`: pages, never redirects. The first gives the browser
 * a cookie and Slack a signed state, the second wants both back.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "pino";
import { AppError } from "../../domain/errors.ts";
import { sortSlackError } from "../web-errors.ts";
import { hashLink, type InstallDeps, install, LINK_GONE } from "./install.ts";
import { authorizeUrl } from "./oauth.ts";
import { installedPage, installPage, type Page, refusedPage } from "./pages.ts";
import { linkOfState, newState, STATE_LIFE_MS } from "./state.ts";
import { isLinkGood } from "./store.ts";

export const INSTALL_PATH = "/slack/install";
export const OAUTH_REDIRECT_PATH = "/slack/oauth_redirect";
const COOKIE = "claude-spend-install";

export type InstallRouteDeps = InstallDeps & {
  readonly stateSecret: string;
  /** What Slack is asked to grant. */
  readonly scopes: readonly string[];
  readonly log: Logger;
};

interface Answer extends Page {
  readonly cookie?: string;
}

/** Answers both paths; every other one with 404. */
export function installRoutes(
  deps: InstallRouteDeps,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    void answer(deps, request, response);
  };
}

/** Never rejects: nobody waits for it. */
async function answer(
  deps: InstallRouteDeps,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    send(response, await answerOf(deps, request));
  } catch (err) {
    deps.log.error({ work: "slack installation", err }, "installation page failed");
    send(response, refusedPage("Something went wrong on our side. Try again in a minute.", 500));
  }
}

async function answerOf(deps: InstallRouteDeps, request: IncomingMessage): Promise<Answer> {
  const url = new URL(request.url ?? "/", "http://localhost");
  // A page is looked at; nothing else is answered here.
  if (request.method !== "GET" && request.method !== "HEAD") {
    return refusedPage("Open this page in a browser.", 405);
  }
  if (url.pathname === INSTALL_PATH) return await beginning(deps, url);
  if (url.pathname === OAUTH_REDIRECT_PATH) return await ending(deps, url, cookieOf(request));
  return refusedPage("There is no such page.", 404);
}

async function beginning(deps: InstallRouteDeps, url: URL): Promise<Answer> {
  const link = url.searchParams.get("link");
  if (link === null) {
    return refusedPage(
      "Only workspaces of one organization may use this bot, so an installation begins with a link from whoever runs it (claude-spend slack install-link).",
    );
  }
  const hash = hashLink(link);
  const now = deps.clock();
  if (!(await isLinkGood(deps.database, hash, now))) return refusedPage(LINK_GONE);
  const { state, cookie } = newState(hash, { secret: deps.stateSecret, now });
  const page = installPage(authorizeUrl(deps.app, { scopes: deps.scopes, state }));
  return { ...page, cookie: cookieText(cookie, STATE_LIFE_MS / 1_000) };
}

async function ending(deps: InstallRouteDeps, url: URL, cookie: string): Promise<Answer> {
  const { searchParams: given } = url;
  const at = { secret: deps.stateSecret, now: deps.clock(), cookie };
  const linkHash = linkOfState(given.get("state") ?? "", at);
  if (linkHash === undefined) {
    return refusedPage(
      "This installation was begun in another browser, or more than ten minutes ago. Open your link again.",
      400,
    );
  }
  const refusal = given.get("error");
  if (refusal !== null) {
    const said =
      refusal === "access_denied" ? "You did not allow it at Slack." : `Slack says: ${refusal}.`;
    return refusedPage(`${said} Your link still works.`, 400);
  }
  const outcome = await tryInstall(deps, { linkHash, code: given.get("code") ?? "" });
  if (outcome.kind === "refused") {
    deps.log.warn({ work: "slack installation", reason: outcome.because }, "not installed");
    return refusedPage(outcome.because);
  }
  deps.log.info({ work: "slack installation", workspace_name: outcome.name }, "installed");
  return { ...installedPage(outcome), cookie: cookieText("", 0) };
}

/** What Slack says of a code is for the person at the browser, who can begin again. */
async function tryInstall(
  deps: InstallRouteDeps,
  given: Parameters<typeof install>[1],
): ReturnType<typeof install> {
  try {
    return await install(deps, given);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { reason } = sortSlackError(error);
    deps.log.warn({ work: "slack installation", err: error }, "code not exchanged");
    return {
      kind: "refused",
      because: `Slack did not exchange the code (${reason}). Open your link again.`,
    };
  }
}

function cookieText(value: string, maxAgeSeconds: number): string {
  return `${COOKIE}=${value}; Path=${OAUTH_REDIRECT_PATH}; Max-Age=${String(maxAgeSeconds)}; HttpOnly; Secure; SameSite=Lax`;
}

function cookieOf(request: IncomingMessage): string {
  const cookies = (request.headers.cookie ?? "").split("; ");
  return cookies.find((one) => one.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1) ?? "";
}

function send(response: ServerResponse, { status, html, cookie }: Answer): void {
  response.writeHead(status, {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy":
      "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    ...(cookie === undefined ? {} : { "set-cookie": cookie }),
  });
  response.end(html);
}
