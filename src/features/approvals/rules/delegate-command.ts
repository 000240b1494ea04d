/** What people type after `/claude-spend delegate`, taken apart. Pure. */
import { type Email, parseEmail } from "../../../domain/email.ts";

export type DelegateCommand =
  | { readonly kind: "show" }
  | { readonly kind: "off" }
  | { readonly kind: "delegate"; readonly to: Email; readonly untilText: string }
  | { readonly kind: "usage" };

/** `[@PERSON until DATE | off]`; a mention has become an address by now. */
export function parseDelegateCommand(text: string): DelegateCommand {
  const trimmed = text.trim();
  if (trimmed === "") return { kind: "show" };
  if (/^(?:off|stop|end|none)$/i.test(trimmed)) return { kind: "off" };
  const match = /^(?:to\s+)?(\S+)\s+(?:until|through)\s+(.+)$/is.exec(trimmed);
  const to = parseEmail(match?.[1] ?? "");
  const untilText = match?.[2] ?? "";
  return to === undefined ? { kind: "usage" } : { kind: "delegate", to, untilText };
}
