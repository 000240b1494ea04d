/** Patterns in which `*` stands for any characters, as rules of people name ids and addresses. */

/**
 * Whether `text` fits `glob`, in which `*` stands for any characters and nothing else is special.
 * Not a regular expression: those take exponential time for patterns with many stars.
 */
export function matchesGlob({
  glob,
  text,
}: {
  readonly glob: string;
  readonly text: string;
}): boolean {
  const [first = "", ...rest] = glob.split("*");
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  let position = first.length;
  for (const part of rest) {
    const at = text.indexOf(part, position);
    if (at === -1) return false;
    position = at + part.length;
  }
  return text.length - last.length >= position && text.endsWith(last);
}
