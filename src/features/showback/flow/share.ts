/**
 * Shows a report to a channel. A deliberate act of somebody who may see it (ADR 0027): the report is
 * read anew, without what single people spent, and says who shared it.
 */
import type { Email } from "../../../domain/email.ts";
import { formatScope, typedScope } from "../../../domain/scope.ts";
import { enqueueMessage } from "../../../slack/outbox.ts";
import { recordAudit } from "../../../store/audit.ts";
import { inTransaction } from "../../../store/database.ts";
import { scopeName } from "../../organization/index.ts";
import { sharedReportMessage } from "../messages/report.ts";
import { mayShareReport, type QuestionRefusal } from "../rules.ts";
import { readQuestion } from "./question.ts";
import { buildReport, type ReportDeps } from "./report.ts";

export type ShareResult =
  | { readonly kind: "shared"; readonly name: string }
  /** It is about what one person spent. */
  | { readonly kind: "personal"; readonly name: string; readonly typed: string }
  /** Nobody else reads there. */
  | { readonly kind: "no-channel" }
  | QuestionRefusal;

export async function shareReport(
  deps: ReportDeps,
  click: {
    readonly asker: Email;
    readonly slackUserId: string;
    /** The question whose report was shown. */
    readonly text: string;
    readonly channelId: string | undefined;
    /** The same however often Slack sends the click. */
    readonly clickId: string;
  },
): Promise<ShareResult> {
  const { asker, channelId } = click;
  if (channelId === undefined || channelId.startsWith("D")) return { kind: "no-channel" };
  const question = await readQuestion(deps, { asker, text: click.text });
  if (question.kind !== "asked") return question;
  const { scope, teams, organization, view } = question;
  const name = scopeName(scope, teams, organization);
  if (!mayShareReport(scope, view.by)) {
    return { kind: "personal", name, typed: typedScope(scope, asker) };
  }
  const report = await buildReport(deps, question, false);
  await inTransaction(deps.database, async (sql) => {
    const isNew = await enqueueMessage(
      sql,
      {
        dedupeKey: `report:${click.clickId}`,
        kind: "digest", // Rather not at all than twice.
        destination: { channel: channelId },
        message: sharedReportMessage(report, click.slackUserId),
      },
      question.now,
    );
    if (!isNew) return;
    await recordAudit(sql, {
      occurredAt: question.now,
      actor: asker,
      action: "report.shared",
      subject: `scope:${formatScope(scope)}`,
      after: { channel: channelId, period: question.period.typed },
    });
  });
  return { kind: "shared", name };
}
