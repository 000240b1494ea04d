/** Where a message goes, and how that stands in a column. */
import { type Email, emailFrom } from "../domain/email.ts";

/** `#name` or a channel id; or the direct message of a person, by e-mail. */
export type Destination = { readonly channel: string } | { readonly person: Email };

const PERSON_PREFIX = "email:";

/** As in the column: 'C…', '#name', 'email:a@b.c'. */
export function destinationText(destination: Destination): string {
  return "channel" in destination ? destination.channel : PERSON_PREFIX + destination.person;
}

export function destinationFrom(text: string): Destination {
  return text.startsWith(PERSON_PREFIX)
    ? { person: emailFrom(text.slice(PERSON_PREFIX.length)) }
    : { channel: text };
}
