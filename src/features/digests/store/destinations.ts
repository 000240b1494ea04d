/** Where a digest goes, as it stands in a column: 'C…', '#name', 'email:a@b.c'; as in the outbox. */
import { emailFrom } from "../../../domain/email.ts";
import type { DigestDestination } from "../rules.ts";

const PERSON_PREFIX = "email:";

export function destinationColumn(destination: DigestDestination): string {
  return "channel" in destination ? destination.channel : PERSON_PREFIX + destination.person;
}

export function destinationOf(column: string): DigestDestination {
  return column.startsWith(PERSON_PREFIX)
    ? { person: emailFrom(column.slice(PERSON_PREFIX.length)) }
    : { channel: column };
}
