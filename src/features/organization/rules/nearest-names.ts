/**
 * "Did you mean …?": which of the known names somebody probably meant. Optimal string alignment
 * (Damerau-Levenshtein without nested swaps): one slip of the finger is one step.
 */

/** More suggestions than this are a list to read, not an answer. */
const SUGGESTIONS_MAX = 3;
/** A name this long is not a slip of the finger, and the table below grows with its length. */
const NAME_CHARS_MAX = 120;

/** At most three of `names` that are close to `text`, the closest first; upper and lower case are equal. */
export function nearestNames(text: string, names: Iterable<string>): string[] {
  const wanted = text.toLowerCase();
  if (wanted === "" || wanted.length > NAME_CHARS_MAX) return [];
  return [...new Set(names)]
    .map((name) => ({ name, distance: nameDistance(wanted, name.toLowerCase()) }))
    .filter(({ distance }) => distance !== undefined)
    .toSorted(
      (left, right) =>
        (left.distance ?? 0) - (right.distance ?? 0) || compareText(left.name, right.name),
    )
    .slice(0, SUGGESTIONS_MAX)
    .map(({ name }) => name);
}

/** Undefined when the two are too different to be a slip: more than a third of the longer one. */
function nameDistance(wanted: string, name: string): number | undefined {
  if (name.length > NAME_CHARS_MAX) return undefined;
  const farthest = Math.max(1, Math.floor(Math.max(wanted.length, name.length) / 3));
  const distance = editDistance({ from: wanted, to: name });
  if (distance <= farthest) return distance;
  // Somebody who stopped typing early meant the name that goes on.
  return wanted.length >= 2 && name.startsWith(wanted) ? farthest + 1 : undefined;
}

/** Steps of inserting, removing, replacing one character, or swapping two neighbours. */
export function editDistance({ from, to }: { readonly from: string; readonly to: string }): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const isSame = from[row - 1] === to[column - 1];
      const isSwap =
        row > 1 &&
        column > 1 &&
        from[row - 1] === to[column - 2] &&
        from[row - 2] === to[column - 1];
      current[column] = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (isSame ? 0 : 1),
        isSwap ? (beforePrevious[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[to.length] ?? 0;
}

/** By code unit, so that the order does not depend on the machine's language. */
function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
