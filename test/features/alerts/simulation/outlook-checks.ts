/** Forecast alerts as they were recorded, held against what the model of them allows. */
import type { Database } from "../../../../src/store/database.ts";
import { project } from "./forecast-oracle.ts";
import { budgetOf, type History } from "./histories.ts";
import { look } from "./oracle.ts";
import { type OutlookState, type Said, saidText, watched } from "./outlook-oracle.ts";
import { count, type World } from "./world.ts";

const DAY = 86_400_000;

/** A forecast or a recovery as the program recorded it. */
interface Recorded {
  readonly budget: string;
  readonly key: string;
  readonly how: string;
  readonly found_at: Date;
  readonly spend: string;
  readonly limit: string;
  /** All that people read, with its sums of money. */
  readonly brief: string;
  readonly happened: string;
}

/**
 * After the clock had everything looked at that was due, by clocks that said `looks`: what is wrong.
 * The model goes on from what was recorded.
 */
export async function outlookFaults(world: World, looks: readonly number[]): Promise<string[]> {
  const [first] = world.replicas;
  if (first === undefined) return ["no replica"];
  const { database } = first;
  const recorded = await loadRecorded(database);
  const lookedAt = await loadLooks(database);
  return world.histories.flatMap((history) => {
    if (!history.hasOutlook) return [];
    const budget = budgetOf(history);
    const own = recorded.filter((row) => row.budget === budget);
    const before = [...history.outlook];
    const last = lookedAt.get(budget);
    const lastAt = last?.at.getTime();
    const isLooked = lastAt !== undefined && looks.includes(lastAt);
    const allowed = isLooked ? watched(history, before, { looks, lastAt }) : before;
    const said: Said = new Map(own.map(({ key, how }) => [key, how]));
    const fitting = allowed.filter((state) => saidText(state.said) === saidText(said));
    const known = new Set(before.flatMap((state) => [...state.said.keys()]));
    const news = own.filter(({ key }) => !known.has(key));
    count(world, "forecasts judged", isLooked ? 1 : 0);
    count(world, "forecasts told", news.length);
    history.outlook = fitting;
    return [
      ...faultsOfDuty(history, { lastAt, looks }),
      ...(isLooked && last !== undefined ? faultsOfForecast(history, last) : []),
      ...(fitting.length > 0 ? [] : [faultOf(history, { said, allowed, lastAt })]),
      ...news.flatMap((row) => faultsOfNumbers(history, row)),
    ];
  });
}

async function loadRecorded(database: Database): Promise<readonly Recorded[]> {
  const { rows } = await database.query<Recorded>(
    `select a.budget_id || '/' || a.member_key as budget,
            concat_ws('|', case a.kind when 'recovery' then 'recovery' else 'forecast' end,
                      (extract(epoch from a.period_start) * 1000)::bigint,
                      split_part(substring(a.fact_key from ':forecast:(.*)$'), ':', 1),
                      round(substring(a.fact_key from '[0-9.]+$')::numeric * 100)) as key,
            coalesce(a.not_sent_because, 'announced') as how, a.found_at,
            trim_scale(a.spend_usd * 100)::text as spend,
            trim_scale(a.limit_usd * 10000)::text as limit,
            a.content ->> 'brief' as brief, (a.content -> 'happened')::text as happened
       from alerts a
      where a.fact_key ~ ':forecast:[0-9]+:[0-9.]+$'`,
  );
  return rows;
}

/** When the clock looked last, and what it foresaw. */
interface Look {
  readonly at: Date;
  /** In cents; null: nothing yet. */
  readonly foreseen: readonly (number | null)[];
  readonly foreseen_at: Date | null;
}

async function loadLooks(database: Database): Promise<ReadonlyMap<string, Look>> {
  const { rows } = await database.query<Look & { readonly budget: string }>(
    `select w.budget_id || '/' || w.member_key as budget, w.checked_at as at,
            f.as_of as foreseen_at,
            array[f.expected_usd, f.low_usd, f.high_usd]::float[] as foreseen
       from budget_watches w
       left join budget_forecasts f
         on f.budget_id = w.budget_id and f.member_key = w.member_key
      where w.checked_at is not null`,
  );
  return new Map(rows.map((row) => [row.budget, row]));
}

/** What is foreseen is the projection of that moment, to a cent, whether or not it is told. */
function faultsOfForecast(history: History, { at, foreseen, foreseen_at: madeAt }: Look): string[] {
  const projection = project(history.model, history.zone, at.getTime());
  const isMade = madeAt?.getTime() === at.getTime();
  if (projection === undefined) return isMade ? [`${budgetOf(history)}: invented`] : [];
  const { expected, low, high } = projection;
  const isRight =
    isMade &&
    [expected, low, high].every((cents, index) => near(cents, (foreseen[index] ?? 0) * 100));
  return isRight
    ? []
    : [
        [
          `${budgetOf(history)}: foresaw ${foreseen.join()} at ${String(madeAt?.toISOString())}`,
          `instead of ${JSON.stringify(projection)} at ${at.toISOString()} after`,
          ...history.story,
        ].join("\n"),
      ];
}

/** Once a day everybody is looked at. */
function faultsOfDuty(
  history: History,
  { lastAt = 0, looks }: { readonly lastAt: number | undefined; readonly looks: readonly number[] },
): string[] {
  return lastAt >= Math.min(...looks) - DAY
    ? []
    : [`${budgetOf(history)}: nobody looked since ${new Date(lastAt).toISOString()}`];
}

function faultOf(
  history: History,
  of: {
    readonly said: Said;
    readonly allowed: readonly OutlookState[];
    readonly lastAt: number | undefined;
  },
): string {
  const { said, allowed, lastAt } = of;
  const { model, zone, story } = history;
  const at = lastAt ?? 0;
  return [
    `${budgetOf(history)} (${model.periodKind}): forecasts recorded`,
    saidText(said),
    `allowed\n${[...new Set(allowed.map((state) => saidText(state.said)))].join("\nor\n")}`,
    `looked at ${new Date(at).toISOString()}: ${JSON.stringify(project(model, zone, at))}`,
    `of ${JSON.stringify(look(model, at))}`,
    `after\n${story.join("\n")}`,
  ].join("\n");
}

/** What people read is the projection of that moment, in as many digits as they read. */
function faultsOfNumbers({ model, zone }: History, row: Recorded): string[] {
  const at = row.found_at.getTime();
  const { spend, limit } = look(model, at);
  const projection = project(model, zone, at);
  if (projection === undefined) return [`${row.budget} ${row.key}: a number was invented`];
  const wrong = (what: string): string[] => [
    `${row.budget} ${row.key}: ${what} instead of ${JSON.stringify({ ...projection, spend, limit })}`,
  ];
  if (Number(row.spend) !== spend || Number(row.limit) !== limit) {
    return wrong(`${row.spend} of ${row.limit}`);
  }
  const shown = [...amountsIn(row.brief).slice(0, 1), ...amountsIn(row.happened).slice(0, 3)];
  const { expected, low, high } = projection;
  const isShown = [expected, expected, low, high].every((cents, index) => {
    const amount = shown[index];
    return amount !== undefined && near(cents, amount.cents, amount.isWhole ? 50 : 0);
  });
  return isShown ? [] : wrong(`${row.brief}, ${row.happened}`);
}

function near(cents: number, other: number, roundedBy = 0): boolean {
  return Math.abs(cents - other) <= roundedBy + 1.01;
}

function amountsIn(text: string): { readonly cents: number; readonly isWhole: boolean }[] {
  return [...text.matchAll(/\$([\d,]+(?:\.\d\d)?)/g)].map(([, amount = ""]) => ({
    cents: Number(amount.replaceAll(",", "")) * 100,
    isWhole: !amount.includes("."),
  }));
}
