/** A form that was sent, on its way to an edit of the governance document. */
import type { Modal } from "../../../slack/blocks.ts";
import type { Governance, GovernanceEdit } from "../../governance/index.ts";
import type { FormContent, FormOrigin } from "../messages/fields.ts";
import { strangerNote } from "../messages/notes.ts";
import type { FormValues } from "../rules/forms.ts";

/** A form with the edits that it asks for. */
export interface Draft {
  readonly edits: readonly GovernanceEdit[];
  /** The form again, with a word about what is in the way. */
  readonly again: (content: Pick<FormContent, "origin" | "note">) => Modal;
  /** Where the bot has to be able to post. */
  readonly channel?: string | undefined;
}

export type Drafted = Draft | { readonly stop: Modal };

export interface Sent {
  readonly origin: FormOrigin;
  readonly values: FormValues;
  /** What the form showed. */
  readonly base: Governance | undefined;
}

export function stranger(
  origin: FormOrigin,
  { slackUserId }: { readonly slackUserId: string },
): Pick<FormContent, "origin" | "note"> {
  return { origin, note: strangerNote(slackUserId) };
}
