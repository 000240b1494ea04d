/**
 * Where a rule or a digest stands after somebody else changed their list: what is saved again must
 * not land on its neighbour. Teams and budgets have keys and stay where they are.
 */
import { isDeepStrictEqual } from "node:util";
import type { Governance } from "../../governance/index.ts";
import type { FormOrigin } from "../messages/fields.ts";

/** The key of what a form changes, in the list of `current`; "gone": it is not there any more. */
export function placeNow(
  { form, origin }: { readonly form: string; readonly origin: FormOrigin },
  of: { readonly base: Governance | undefined; readonly current: Governance | undefined },
): string | undefined {
  const { key } = origin;
  if (key === undefined || (form !== "approval" && form !== "digest")) return key;
  const list = form === "approval" ? "approvals" : "digests";
  const [before, after] = [of.base?.[list] ?? [], of.current?.[list] ?? []];
  const place = placeOf(before, after, Number(key));
  return place === undefined ? "gone" : String(place);
}

function placeOf(
  before: readonly unknown[],
  after: readonly unknown[],
  index: number,
): number | undefined {
  const same = (at: number): boolean => isDeepStrictEqual(after[at], before[index]);
  if (same(index)) return index;
  const moved = after.findIndex((_one, at) => same(at));
  if (moved !== -1) return moved;
  // It was changed itself, where everything around it is as it was.
  const isInPlace =
    after.length === before.length &&
    before.every((one, at) => at === index || isDeepStrictEqual(one, after[at]));
  return isInPlace ? index : undefined;
}
