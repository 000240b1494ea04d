/** Checks that every part of a document needs: a name that is known, a name that stands once. Pure. */
import { type FieldPath, formatBudgetScope } from "../rules.ts";
import type { Finding } from "./draft.ts";

/** A finding when there is no team or project of that name. */
export function checkName(
  kind: "team" | "project",
  name: string,
  known: ReadonlySet<string>,
  path: FieldPath,
): Finding[] {
  if (known.has(name)) return [];
  return [
    {
      path,
      message: `expected a ${kind} that stands under teams; there is no ${formatBudgetScope({ kind, key: name })}`,
      unknown: { name, known },
    },
  ];
}

interface Named {
  readonly name: string;
  readonly path: FieldPath;
}

/** Every entry whose name came before, with the first of that name. */
export function repeated<Entry extends Named>(
  entries: readonly Entry[],
): (Entry & { readonly first: Entry })[] {
  const firsts = new Map<string, Entry>();
  return entries.flatMap((entry) => {
    const first = firsts.get(entry.name);
    if (first !== undefined) return [{ ...entry, first }];
    firsts.set(entry.name, entry);
    return [];
  });
}
