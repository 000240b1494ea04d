/** A source of usage out of a form: its secret is shown once, and its first event is waited for. */

import { parseEmail } from "../../../domain/email.ts";
import type { Clock } from "../../../domain/time.ts";
import type { Modal } from "../../../slack/blocks.ts";
import { enqueueMessage } from "../../../slack/outbox.ts";
import { type Database, inTransaction } from "../../../store/database.ts";
import { findPerson } from "../../organization/index.ts";
import { addSource, type SourceChange } from "../../sources/index.ts";
import { arrivedMessage, noticeModal } from "../messages/answers.ts";
import { type FormOrigin } from "../messages/fields.ts";
import { secretModal, sourceForm } from "../messages/source.ts";
import type { FormValues } from "../rules/forms.ts";
import * as store from "../store.ts";
import type { SetUpDeps, Visitor } from "./deps.ts";
import { listAdmins } from "./progress.ts";

const REFUSALS: Readonly<
  Record<Extract<SourceChange, { readonly kind: "refused" }>["reason"], string>
> = {
  "not-a-name": ":warning: Lower-case letters, digits and dashes only.",
  "built-in": ":warning: That name is built in. Choose another one.",
  taken:
    ":warning: There is, or was, a source of that name. Choose another one; a lost secret is replaced by `claude-spend sources rotate`.",
  unknown: ":warning: There is no source of that name.",
};

/** For admins. The name is taken at once, so that a form sent twice makes one source. */
export async function submitSource(
  deps: SetUpDeps,
  visitor: Visitor,
  { origin, values }: { readonly origin: FormOrigin; readonly values: FormValues },
): Promise<Modal> {
  const { isAdmin } = await findPerson(deps, visitor.email);
  if (!isAdmin) return noticeModal("Sources are for admins.");
  const name = (values["name"] ?? "").trim();
  const change = await addSource(deps, {
    name,
    isTrusted: values["trust"] !== "no",
    actor: visitor.email,
  });
  if (change.kind === "refused") {
    return sourceForm({ origin, values, note: REFUSALS[change.reason] });
  }
  if (change.kind === "removed") return noticeModal("That source was removed meanwhile.");
  const awaited = { source: name, askedBy: visitor.email };
  await store.insertAwaited(deps.database, awaited, deps.clock());
  deps.onChanged?.(await listAdmins(deps));
  return secretModal(change);
}

/** Tells whoever waits for a source's first event that it came, once. */
export async function tellOfArrivals({
  database,
  clock,
}: {
  readonly database: Database;
  readonly clock: Clock;
}): Promise<number> {
  return await inTransaction(database, async (sql) => {
    const now = clock();
    const arrived = await store.claimArrived(sql, now);
    for (const { source, askedBy } of arrived) {
      const person = parseEmail(askedBy);
      if (person === undefined) continue;
      const entry = {
        dedupeKey: `setup-arrived:${source}`,
        kind: "notice",
        destination: { person },
        message: arrivedMessage(source),
      } as const;
      // oxlint-disable-next-line no-await-in-loop -- a source now and then
      await enqueueMessage(sql, entry, now);
    }
    return arrived.length;
  });
}
