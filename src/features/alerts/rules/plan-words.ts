/**
 * A planned event as one types it behind `plan`, and as a button carries it to its form:
 * `search from 2026-11-27 until 2026-11-29 up to 200 for load test`. Pure.
 */

/** What a command says of the form; whatever is missing is asked there. */
export interface PlanWords {
  readonly scopeText: string;
  /** "2026-11-27", of any calendar. */
  readonly from?: string | undefined;
  readonly until?: string | undefined;
  /** As typed. */
  readonly amount?: string | undefined;
  readonly name?: string | undefined;
}

const WITH_DAYS =
  /^(.*?)(?: from)? (\d{4}-\d\d-\d\d)(?:(?: (?:until|to|through))? (\d{4}-\d\d-\d\d))?(?: up to (\S+))?(?: (?:for )?(.*))?$/i;
const WITHOUT_DAYS = /^(.*?)(?: up to (\S+))?(?: for (.*))?$/i;

/** The ways to read it, the whole as a name first: a team may be called "Search for Growth". */
export function readPlan(text: string): readonly [PlanWords, ...PlanWords[]] {
  const typed = text.trim().replaceAll(/\s+/g, " ");
  const [, scopeText = "", from, until, amount, name] =
    WITH_DAYS.exec(` ${typed}`) ?? withoutDays(typed);
  const whole = { scopeText: typed };
  const scope = scopeText.trim();
  return scope === typed ? [whole] : [whole, { scopeText: scope, from, until, amount, name }];
}

function withoutDays(typed: string): readonly (string | undefined)[] {
  const [all = "", scope = "", amount, name] = WITHOUT_DAYS.exec(` ${typed}`) ?? [];
  return [all, scope, undefined, undefined, amount, name];
}

/** What stands behind the scope, so that `readPlan` understands the same. */
export function planDetails({ from, until, amount, name }: PlanWords): string {
  const part = (word: string, text = ""): readonly string[] => {
    const one = text.trim().replaceAll(/\s+/g, " ");
    return one === "" ? [] : [`${word} ${one}`];
  };
  const days = from === undefined ? [] : [...part("from", from), ...part("until", until)];
  // In an amount nothing is divided: "$ 200" is "$200".
  return [...days, ...part("up to", amount?.replaceAll(/\s+/g, "")), ...part("for", name)].join(
    " ",
  );
}
