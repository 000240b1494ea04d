/** The two pages of an installation, as HTML without scripts. Pure. */

export interface Page {
  readonly status: number;
  readonly html: string;
}

/** Never a redirect: whoever comes here reads first where they are going. */
export function installPage(authorizeUrl: string): Page {
  return page(200, "Add Claude Spend to Slack", [
    "<p>Claude Spend shows and controls what your organization spends on the Claude API. Slack asks you next which workspace it is for, and what it may do there.</p>",
    `<p><a class="button" href="${escapeHtml(authorizeUrl)}">Add to Slack</a></p>`,
    "<p>The link that you came by works once, for one workspace. Finish within ten minutes.</p>",
  ]);
}

export function refusedPage(because: string, status = 403): Page {
  return page(status, "Nothing was installed", [`<p>${escapeHtml(because)}</p>`]);
}

export function installedPage({
  name,
  isFirst,
}: {
  readonly name: string;
  readonly isFirst: boolean;
}): Page {
  return page(200, `Claude Spend is in ${name}`, [
    "<p>Type <code>/claude-spend</code> in any channel there, or open the app's Home.</p>",
    isFirst
      ? '<p>It is the first workspace of your organization: a channel such as <code>"#finops"</code> in governance.yml means the one in here.</p>'
      : "<p>People are known by the e-mail address of their Slack profile, as in every workspace of your organization.</p>",
  ]);
}

const STYLE =
  "body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1rem;color:#1d1c1d;background:#fff}" +
  ".button{display:inline-block;padding:.6rem 1.2rem;border-radius:.3rem;background:#4a154b;color:#fff;font-weight:600;text-decoration:none}" +
  "@media(prefers-color-scheme:dark){body{color:#e8e8e8;background:#1a1d21}.button{background:#7c3085}}";

function page(status: number, title: string, body: readonly string[]): Page {
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
${body.join("\n")}
</body>
</html>
`;
  return { status, html };
}

function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
