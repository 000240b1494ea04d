/** What somebody asks about: a scope and a period as people type them, and whether they may. */
import type { Email } from "../../../domain/email.ts";
import { AppError } from "../../../domain/errors.ts";
import { parseReportPeriod, type ReportPeriod } from "../../../domain/report-period.ts";
import type { Scope } from "../../../domain/scope.ts";
import type { Clock, Instant } from "../../../domain/time.ts";
import type { Database } from "../../../store/database.ts";
import {
  chooseReading,
  loadAsker,
  type Organization,
  type Person,
  refusalOf,
  seesEverything,
  type Team,
} from "../../organization/index.ts";
import { readWords } from "../rules/words.ts";
import type { QuestionRefusal, ReportView } from "../rules.ts";
import { listModelIds } from "../store.ts";

export interface Question {
  readonly kind: "asked";
  readonly scope: Scope;
  readonly period: ReportPeriod;
  readonly view: ReportView;
  readonly person: Person;
  readonly teams: readonly Team[];
  readonly organization: Organization;
  readonly now: Instant;
}

/**
 * Understands `text`: a scope as people write it and perhaps a period, in any order; month to date
 * otherwise. Without a scope it is about `otherwise`.
 */
export async function readQuestion(
  { database, clock }: { readonly database: Database; readonly clock: Clock },
  asked: {
    readonly asker: Email;
    readonly text: string;
    readonly otherwise?: (person: Person) => string;
  },
): Promise<Question | QuestionRefusal> {
  const { asker, text, otherwise = () => "me" } = asked;
  const now = clock();
  const { person, teams, organization } = await loadAsker({ database }, asker);
  const { readings, by, isExact } = readWords(text, now, organization);
  // Models are for those who see everything; nobody else needs to know which there are.
  const models = seesEverything(person) ? { modelIds: await listModelIds(database) } : {};
  const asking = { person, teams, organization, ...models };
  // Whether as far back as is asked about follows, once it is known how far that is.
  const found = chooseReading(readings, { ...asking, since: now }, otherwise(person));
  if (found.finding.kind !== "found") {
    // A period that nobody typed is not offered as if somebody had.
    return { ...found.finding, ...askedPeriod(found.reading.period) };
  }
  const period = found.reading.period ?? ofThisMonth(now, organization);
  const { scope } = found.finding;
  const since = period.previous.start;
  const refusal = refusalOf(scope, found.reading.scopeText, { ...asking, since });
  if (refusal !== undefined) return { ...refusal, ...askedPeriod(found.reading.period) };
  return { kind: "asked", scope, period, view: { by, isExact }, person, teams, organization, now };
}

function askedPeriod(period: ReportPeriod | undefined): Pick<QuestionRefusal, "period" | "said"> {
  if (period === undefined) return {};
  const { typed, said = typed } = period;
  return { period: typed, said };
}

function ofThisMonth(now: Instant, organization: Organization): ReportPeriod {
  const period = parseReportPeriod("mtd", now, organization);
  if (period === undefined) throw new AppError({ code: "internal", message: "mtd is a period" });
  return period;
}
