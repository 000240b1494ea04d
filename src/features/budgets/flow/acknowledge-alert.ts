/** Somebody says that they look after an alert: recorded once, and shown where it was posted. */
import { validate as isUuid } from "uuid";
import type { Email } from "../../../domain/email.ts";
import type { Clock } from "../../../domain/time.ts";
import { enqueueMessage } from "../../../slack/outbox.ts";
import { type Database, inTransaction } from "../../../store/database.ts";
import { mayViewScope } from "../../organization/index.ts";
import { type AcknowledgeResult, acknowledgedAlertMessage } from "../messages/alert.ts";
import { recipientsOf } from "../rules/recipients.ts";
import { memberScope } from "../rules.ts";
import { findAlert, updateAcknowledged } from "../store/alerts.ts";
import { findBudget } from "../store/budgets.ts";
import { alertDedupeKey, loadDirectory } from "./announce.ts";
import { loadAsking } from "./scopes.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
}

/** The first one counts; everybody later reads who it was. */
export async function acknowledgeAlert(
  { database, clock }: Deps,
  click: { readonly alertId: string; readonly actor: Email; readonly slackUserId: string },
): Promise<AcknowledgeResult> {
  if (!isUuid(click.alertId)) return { kind: "unknown" };
  return await inTransaction(database, async (sql): Promise<AcknowledgeResult> => {
    const alert = await findAlert(sql, click.alertId);
    const budget = alert === undefined ? undefined : await findBudget(sql, alert.budgetId);
    if (alert === undefined || budget === undefined) return { kind: "unknown" };
    const { person, teams, nameOf } = await loadAsking(sql, click.actor);
    const scope = memberScope(budget.coverage, alert.memberKey);
    if (!mayViewScope(person, scope, teams)) return { kind: "not-allowed" };

    const now = clock();
    if (!(await updateAcknowledged(sql, { alertId: alert.alertId, by: click.actor, at: now }))) {
      const first = await findAlert(sql, alert.alertId);
      return { kind: "already", by: first?.acknowledgedBy ?? click.actor };
    }
    const message = acknowledgedAlertMessage({
      budget,
      alert,
      scope,
      name: nameOf(scope),
      by: { slackUserId: click.slackUserId, email: click.actor },
    });
    const recipients = recipientsOf(scope, await loadDirectory(sql));
    for (const [position, destination] of recipients.entries()) {
      const updates = alertDedupeKey(alert.alertId, position);
      const dedupeKey = `${updates}:acknowledged`;
      // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
      await enqueueMessage(sql, { dedupeKey, kind: "alert", destination, message, updates }, now);
    }
    return { kind: "acknowledged" };
  });
}
