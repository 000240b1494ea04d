/** An e-mail address as the key of a person: trimmed and lower-case, so that two spellings meet. */
import type { Brand } from "./brand.ts";

export type Email = Brand<string, "Email">;

const SHAPE = /^[^\s@<>"]+@[^\s@<>"]+$/;
const EMAIL_CHARS_MAX = 254;

export function parseEmail(text: string): Email | undefined {
  const folded = text.trim().toLowerCase();
  if (folded.length > EMAIL_CHARS_MAX || !SHAPE.test(folded)) return undefined;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand is minted here only
  return folded as Email;
}

/** For addresses that our own database stored. */
export function emailFrom(text: string): Email {
  const email = parseEmail(text);
  if (email === undefined) throw new Error(`not an e-mail address: ${text}`);
  return email;
}
