/** What people read about a governance document. Pure. */
import type { GovernanceProblem } from "./rules.ts";

/** One line a problem, as editors and people know it: "governance.yml:12:5 budgets[0].limit: expected …". */
export function formatProblems(problems: readonly GovernanceProblem[], fileName: string): string {
  return problems
    .map(({ line, column, field, message }) => {
      const place = `${fileName}:${String(line)}:${String(column)}`;
      return field === "" ? `${place} ${message}` : `${place} ${field}: ${message}`;
    })
    .join("\n");
}
