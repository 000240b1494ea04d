/**
 * OAuth's `state`: says by which link, in which browser and until when an installation was begun.
 * Signed, since it comes back through Slack; the browser's half is a cookie.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { addMs, type Instant, MINUTE_MS } from "../../domain/time.ts";

/** Slack's own pages need a minute or two. */
export const STATE_LIFE_MS = 10 * MINUTE_MS;
const NONCE_BYTES = 16;

export interface InstallState {
  /** The hash of the link, as hex. */
  readonly link: string;
  readonly expiresAtMs: number;
  /** The hash of what the browser's cookie holds. */
  readonly browser: string;
}

export function newState(
  link: Buffer,
  { secret, now }: { readonly secret: string; readonly now: Instant },
): { readonly state: string; readonly cookie: string } {
  const cookie = randomBytes(NONCE_BYTES).toString("base64url");
  const content: InstallState = {
    link: link.toString("hex"),
    expiresAtMs: addMs(now, STATE_LIFE_MS).getTime(),
    browser: hashed(cookie),
  };
  const body = Buffer.from(JSON.stringify(content)).toString("base64url");
  return { state: `${body}.${signature(body, secret)}`, cookie };
}

/** The hash of the link; undefined for a state that is not ours, over, or of another browser. */
export function linkOfState(
  state: string,
  at: { readonly secret: string; readonly now: Instant; readonly cookie: string },
): Buffer | undefined {
  const [body = "", signed = ""] = state.split(".");
  if (!areSame(signed, signature(body, at.secret))) return undefined;
  const content = contentOf(body);
  if (content === undefined || content.expiresAtMs <= at.now.getTime()) return undefined;
  return areSame(content.browser, hashed(at.cookie)) ? Buffer.from(content.link, "hex") : undefined;
}

function contentOf(body: string): InstallState | undefined {
  // Our own signature is on it: whatever is in there is what `newState` put there.
  const read: unknown = JSON.parse(Buffer.from(body, "base64url").toString("utf8"));
  return typeof read === "object" &&
    read !== null &&
    "link" in read &&
    typeof read.link === "string" &&
    "expiresAtMs" in read &&
    typeof read.expiresAtMs === "number" &&
    "browser" in read &&
    typeof read.browser === "string"
    ? { link: read.link, expiresAtMs: read.expiresAtMs, browser: read.browser }
    : undefined;
}

function signature(body: string, secret: string): string {
  return createHmac("sha256", secret).update(`slack-install:${body}`).digest("base64url");
}

function hashed(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function areSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
