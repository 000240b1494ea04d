/** Questions that a person may ask of a scope, to click or to copy. Pure. */
import type { ScopeOption } from "../../../domain/scope.ts";

export interface Example {
  readonly text: string;
  /** What follows /claude-spend. */
  readonly command: string;
}

export function examplesFor({ name, typed }: ScopeOption): readonly Example[] {
  return [
    { text: `${name} this month`, command: typed },
    { text: `${name} last month, by model`, command: `${typed} last month by model` },
    { text: `Why ${name} changed since Monday`, command: `why ${typed} since monday` },
    { text: `Forecast of ${name}`, command: `forecast ${typed}` },
    { text: `Budgets of ${name}`, command: `budget ${typed}` },
  ];
}
