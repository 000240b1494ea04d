/** What somebody asks about: a scope and a period as people type them, and whether they may. */
import type { Email } from "../../../domain/email.ts";
import { AppError } from "../../../domain/errors.ts";
import type { Scope } from "../../../domain/scope.ts";
import type { Clock, Instant } from "../../../domain/time.ts";
import type { Database } from "../../../store/database.ts";
import {
  type Asking,
  findScope,
  loadAsker,
  type Organization,
  type Person,
  seesEverything,
  type Team,
} from "../../organization/index.ts";
import { parseReportPeriod, type ReportPeriod } from "../rules/period.ts";
import { type Reading, readWords } from "../rules/words.ts";
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
  const found = chooseReading(
    readings,
    { person, teams, organization, ...models },
    otherwise(person),
  );
  if (found.finding.kind !== "found") {
    // A period that nobody typed is not offered as if somebody had.
    return {
      ...found.finding,
      ...(found.period === undefined ? {} : { period: found.period.typed }),
    };
  }
  const period = found.period ?? ofThisMonth(now, organization);
  const { scope } = found.finding;
  return { kind: "asked", scope, period, view: { by, isExact }, person, teams, organization, now };
}

type Finding = ReturnType<typeof findScope>;

/** The first reading that names something; else the refusal that helps most. */
function chooseReading(
  readings: readonly Reading[],
  asking: Asking,
  otherwise: string,
): { readonly finding: Finding; readonly period: ReportPeriod | undefined } {
  const named = firstNamed(readings, { ...asking, suggests: false }, otherwise);
  if (named !== undefined) return named;
  const refused = readings.flatMap(({ scopeText, period }, index) => {
    if (isWhole(index, readings)) return [];
    const finding = findScope(scopeText === "" ? otherwise : scopeText, asking);
    return finding.kind === "found" ? [] : [{ finding, period }];
  });
  const helping =
    refused.find(({ finding }) => finding.kind === "not-allowed") ??
    refused.find(({ finding }) => finding.kind === "unknown-scope" && finding.nearest.length > 0) ??
    refused[0];
  if (helping === undefined) throw new AppError({ code: "internal", message: "nothing was read" });
  return helping;
}

function firstNamed(
  readings: readonly Reading[],
  asking: Asking,
  otherwise: string,
): ReturnType<typeof chooseReading> | undefined {
  for (const [index, { scopeText, period }] of readings.entries()) {
    if (scopeText === "" && isWhole(index, readings)) continue;
    const finding = findScope(scopeText === "" ? otherwise : scopeText, asking);
    if (finding.kind !== "found") continue;
    if (!isWhole(index, readings) || isListed(finding.scope)) return { finding, period };
  }
  return undefined;
}

/** The whole text comes first, so that a team may be called "March" or "7d". */
function isWhole(index: number, readings: readonly Reading[]): boolean {
  return index === 0 && readings.length > 1;
}

/** Of other kinds any text is a key: "api_key:k1 7d" would be one, too. */
function isListed({ kind }: Scope): boolean {
  return kind === "team" || kind === "project" || kind === "model" || kind === "org";
}

function ofThisMonth(now: Instant, organization: Organization): ReportPeriod {
  const period = parseReportPeriod("mtd", now, organization);
  if (period === undefined) throw new AppError({ code: "internal", message: "mtd is a period" });
  return period;
}
