/** Why a scope's spend is what it is: what moved, and by which effects. Looks only. */
import type { FigureBasis } from "../../../domain/basis.ts";
import type { Email } from "../../../domain/email.ts";
import type { Clock, Instant, TimeZone } from "../../../domain/time.ts";
import type { Database, Sql } from "../../../store/database.ts";
import { type Explain, type Explanation, explain } from "../../alerts/index.ts";
import { loadListedNames } from "../../directory-sync/index.ts";
import { mayViewPeopleOf, scopeName } from "../../organization/index.ts";
import { loadBasis } from "../../reconciliation/index.ts";
import { type Question, type QuestionRefusal, readQuestion } from "../../showback/index.ts";
import { effectsText } from "../messages/why.ts";
import { type Effects, effectsOf } from "../rules/effects.ts";
import { listModelUsage } from "../store/model-usage.ts";

/** For alerts' `Why?`: their sums of what moved, and the effects behind it in words. */
export const explainChange: Explain = async (sql, of) => {
  const explanation = await explain(sql, of);
  const effects = await loadEffects(sql, of.scope, explanation);
  const basis = await loadBasis(sql, { scope: of.scope, period: explanation.span }, of.now);
  const words = effects === undefined ? {} : { words: effectsText(effects) };
  return { ...explanation, basis, ...words };
};

async function loadEffects(
  sql: Sql,
  scope: Question["scope"],
  { span, before }: Pick<Explanation, "span" | "before">,
): Promise<Effects | undefined> {
  const was = await listModelUsage(sql, scope, before);
  const is = await listModelUsage(sql, scope, span);
  return was === undefined || is === undefined ? undefined : effectsOf(was, is);
}

export interface Why {
  readonly kind: "why";
  readonly explanation: Explanation;
  /** Undefined: of a tag, which the sums do not know. */
  readonly effects: Effects | undefined;
  readonly basis: FigureBasis;
  /** "Month to date", and what it is compared with. */
  readonly label: string;
  readonly previousLabel: string;
  readonly zone: TimeZone;
  readonly now: Instant;
}

/** Answers `why SCOPE [PERIOD]`; the numbers are those that the asker may see. */
export async function loadWhy(
  deps: { readonly database: Database; readonly clock: Clock },
  asked: { readonly asker: Email; readonly text: string },
): Promise<Why | QuestionRefusal> {
  const question = await readQuestion(deps, asked);
  return question.kind === "asked" ? await explainQuestion(deps.database, question) : question;
}

export async function explainQuestion(sql: Sql, question: Question): Promise<Why> {
  const { scope, period, person, teams, organization, now } = question;
  const explained = await explain(sql, {
    scope,
    name: scopeName(scope, teams, organization),
    period: undefined,
    maySeePeople: mayViewPeopleOf(person, scope, teams, period.previous.start),
    teams,
    now,
    isByKey: true,
    spans: { span: period.current, before: period.previous },
  });
  const explanation = await withKeyNames(sql, explained);
  const effects = await loadEffects(sql, scope, explanation);
  const { label, previousLabel } = period;
  const basis = await loadBasis(sql, { scope, period: period.current }, now);
  const zone = organization.timeZone;
  return { kind: "why", explanation, effects, basis, label, previousLabel, zone, now };
}

/** Keys as Anthropic lists them. */
async function withKeyNames(sql: Sql, explanation: Explanation): Promise<Explanation> {
  const apiKeys = explanation.movers.flatMap(({ by, top }) =>
    by === "api_key" ? top.map(({ name }) => name) : [],
  );
  if (apiKeys.length === 0) return explanation;
  const names = await loadListedNames(sql, { workspaces: [], apiKeys });
  return {
    ...explanation,
    movers: explanation.movers.map(({ by, top }) => ({
      by,
      top: top.map((one) => (by === "api_key" ? { ...one, name: names.apiKey(one.name) } : one)),
    })),
  };
}
