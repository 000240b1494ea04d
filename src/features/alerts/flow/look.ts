/** What somebody may see of an alert: its message, and why it came. Looks only. */
import { validate as isUuid } from "uuid";
import type { Email } from "../../../domain/email.ts";
import type { Scope } from "../../../domain/scope.ts";
import type { Clock } from "../../../domain/time.ts";
import type { SlackMessage } from "../../../slack/blocks.ts";
import type { Database, Sql } from "../../../store/database.ts";
import {
  findPerson,
  listTeams,
  loadOrganization,
  mayViewPeopleOf,
  mayViewScope,
} from "../../organization/index.ts";
import { threadMessage } from "../messages/thread.ts";
import type { Explanation } from "../rules/explanation.ts";
import { scopeName } from "../rules/names.ts";
import type { Alert } from "../rules.ts";
import { listThreadAlerts } from "../store/alerts.ts";
import { findThread } from "../store/threads.ts";
import type { Explain } from "./explain.ts";
import { loadSpokenThread } from "./speak.ts";

export interface LookDeps {
  readonly database: Database;
  readonly clock: Clock;
  /** `explain`, or somebody who explains better than sums alone. */
  readonly explain: Explain;
}

interface Question {
  readonly threadId: string;
  readonly email: Email;
}

type Refusal = { readonly kind: "not-allowed" } | { readonly kind: "unknown" };

export type WhyResult = Refusal | { readonly kind: "explained"; readonly explanation: Explanation };

export async function whyAlert(deps: LookDeps, question: Question): Promise<WhyResult> {
  const seen = await findVisible(deps, question);
  if (seen.kind !== "visible") return seen;
  const { person, teams, organization, spoken } = seen;
  const { scope } = spoken.thread;
  const explanation = await deps.explain(deps.database, {
    scope,
    name: scopeName(scope, { organizationName: organization.name, teams }),
    period: spoken.alerts[0].period,
    maySeePeople: mayViewPeopleOf(person, scope, teams),
    teams,
    now: deps.clock(),
  });
  return { kind: "explained", explanation };
}

export type ShowResult = Refusal | { readonly kind: "shown"; readonly message: SlackMessage };

/** The message of a thread that stands in a list only. */
export async function showAlert(deps: LookDeps, question: Question): Promise<ShowResult> {
  const seen = await findVisible(deps, question);
  return seen.kind === "visible" ? { kind: "shown", message: threadMessage(seen.spoken) } : seen;
}

/** What a thread is about, for whoever acted on it already. */
export async function threadScope(
  sql: Sql,
  threadId: string,
): Promise<
  | {
      readonly threadId: string;
      readonly scope: Scope;
      readonly revision: number;
      readonly happened: Alert["content"]["happened"];
    }
  | undefined
> {
  const thread = isUuid(threadId) ? await findThread(sql, { threadId }) : undefined;
  const [latest] = thread === undefined ? [] : await listThreadAlerts(sql, thread.threadKey, 1);
  if (thread === undefined || latest === undefined) return undefined;
  const { scope, revision } = thread;
  return { threadId, scope, revision, happened: latest.content.happened };
}

async function findVisible({ database, clock }: LookDeps, { threadId, email }: Question) {
  const unknown = { kind: "unknown" } as const;
  if (!isUuid(threadId)) return unknown;
  const thread =
    (await findThread(database, { threadId })) ??
    (await findThread(database, { alertId: threadId }));
  const spoken =
    thread === undefined ? undefined : await loadSpokenThread(database, thread, clock());
  if (thread === undefined || spoken === undefined) return unknown;
  const person = await findPerson({ database }, email);
  const organization = await loadOrganization({ database });
  const teams = await listTeams({ database });
  if (!mayViewScope(person, thread.scope, teams)) return { kind: "not-allowed" } as const;
  return { kind: "visible", person, organization, teams, spoken } as const;
}
