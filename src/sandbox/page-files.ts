/**
 * Serves the built web page of the sandbox at `/`. The files are found relative to the package, so
 * this works from the sources and from dist alike; they are read at each request, so a new build
 * shows at once.
 */
import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";

/** Also a `Mount` of the HTTP server. */
export interface PageFiles {
  /** By the path without its query. */
  readonly matches: (path: string) => boolean;
  readonly listener: (request: IncomingMessage, response: ServerResponse) => void;
}

const DIRECTORY = new URL("../../dist/sandbox/page/", import.meta.url);

const FILES: Readonly<Record<string, { readonly name: string; readonly contentType: string }>> = {
  "/": { name: "index.html", contentType: "text/html; charset=utf-8" },
  "/index.html": { name: "index.html", contentType: "text/html; charset=utf-8" },
  "/page.js": { name: "page.js", contentType: "text/javascript; charset=utf-8" },
  "/page.css": { name: "page.css", contentType: "text/css; charset=utf-8" },
  "/page.js.map": { name: "page.js.map", contentType: "application/json" },
  "/page.css.map": { name: "page.css.map", contentType: "application/json" },
  "/icon.svg": { name: "icon.svg", contentType: "image/svg+xml" },
};

/** The page shows text of a bot: should one ever slip through as markup, it could do nothing. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The page's files, and nothing else: paths are looked up in a list, never joined to a directory. */
export function pageFiles(directory = DIRECTORY): PageFiles {
  return {
    matches: (path) => Object.hasOwn(FILES, path),
    listener: (request, response) => void serve(directory, request, response),
  };
}

async function serve(
  directory: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
  const file = Object.hasOwn(FILES, path) ? FILES[path] : undefined;
  if (file === undefined) {
    answer(response, 404, "The page has no such file.");
    return;
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    answer(response, 405, "The page's files can only be read.");
    return;
  }
  const body = await readFile(new URL(file.name, directory)).catch(() => undefined);
  if (body === undefined) {
    answer(response, 503, "The page is not built yet. Run: npm run build:page");
    return;
  }
  response.writeHead(200, {
    "content-type": file.contentType,
    "content-length": body.length,
    "cache-control": "no-cache",
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

function answer(response: ServerResponse, status: number, words: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" });
  response.end(`${words}\n`);
}
