/**
 * Slack's page on which somebody chooses a workspace and allows an app, and what a browser is sent
 * back with.
 */
import { invalid } from "./conversations.ts";
import type { Installer, Tokens } from "./oauth.ts";
import type { SlackTeam } from "./workspace.ts";

export function createConsent(options: {
  readonly teams: readonly SlackTeam[];
  readonly tokens: Tokens;
  readonly appName: string;
  readonly botUrl: () => string;
}) {
  const { teams, tokens, appName } = options;
  /** Where the browser goes when the app is allowed on the page of that address. */
  const allow = (authorizeUrl: string, installerId: string): string => {
    const asked = new URL(authorizeUrl).searchParams;
    const problem = tokens.problemOf(asked);
    if (problem !== undefined) throw invalid(`Slack's page says: ${problem}`);
    const granted = (asked.get("scope") ?? "").split(",");
    const code = tokens.newCode(installerOf(teams, installerId), granted);
    return sentBack(options.botUrl(), asked, { code });
  };
  const deny = (authorizeUrl: string): string =>
    sentBack(options.botUrl(), new URL(authorizeUrl).searchParams, { error: "access_denied" });
  return {
    allow,
    deny,
    pageFor: (authorizeUrl: string): string => {
      const choices = installersOf(teams).map((installer) => ({
        installer,
        allowUrl: allow(authorizeUrl, installer.id),
      }));
      return allowPage(choices, { appName, denyUrl: deny(authorizeUrl) });
    },
  };
}

/** A workspace by itself, or a Grid as a whole. */
export function installerOf(teams: readonly SlackTeam[], id: string): Installer {
  const own = teams.filter((team) => team.slackTeamId === id || team.enterprise?.id === id);
  const [first] = own;
  if (first === undefined) throw new Error(`no workspace ${id}`);
  const isEnterprise = first.enterprise?.id === id;
  const name = isEnterprise ? first.enterprise.name : first.name;
  return { id, name, isEnterprise, teams: own };
}

/** Every workspace by itself, and each Grid as a whole. */
function installersOf(teams: readonly SlackTeam[]): readonly Installer[] {
  const ids = teams.flatMap(({ slackTeamId, enterprise }) => [slackTeamId, enterprise?.id ?? []]);
  return [...new Set(ids.flat())].map((id) => installerOf(teams, id));
}

function sentBack(
  botUrl: string,
  asked: URLSearchParams,
  answer: Readonly<Record<string, string>>,
): string {
  const url = new URL("/slack/oauth_redirect", botUrl);
  url.search = new URLSearchParams({ ...answer, state: asked.get("state") ?? "" }).toString();
  return url.href;
}

/** `allowUrl`: where each "Allow" leads. */
function allowPage(
  choices: readonly { readonly installer: Installer; readonly allowUrl: string }[],
  { appName, denyUrl }: { readonly appName: string; readonly denyUrl: string },
): string {
  const rows = choices.map(
    ({ installer, allowUrl }) =>
      `<li>${escapeHtml(installer.name)} <a href="${escapeHtml(allowUrl)}">Allow</a></li>`,
  );
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Allow ${escapeHtml(appName)}</title></head>
<body>
<h1>${escapeHtml(appName)} is requesting permission to access a Slack workspace</h1>
<ul>
${rows.join("\n")}
</ul>
<p><a href="${escapeHtml(denyUrl)}">Cancel</a></p>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
