/**
 * A YAML or JSON text as plain values that remember their place. Knows nothing of governance.
 * Guards against texts that are small but grow: aliases are counted, nesting is limited.
 */
import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLMap,
} from "yaml";
import { type FieldPath, formatFieldPath, type GovernanceProblem } from "../rules.ts";

/** A policy for thousands of people fits; reading more would keep every other request waiting. */
export const GOVERNANCE_BYTES_MAX = 256 * 1024;
/** Enough to share a few lists of people; a "billion laughs" needs many more. */
const ALIASES_MAX = 50;
/** The deepest place of a governance document is level 6; the parser recurses for each level. */
const NESTING_MAX = 32;

/* oxlint-disable no-control-regex -- these are what is refused */
/** What Postgres can't keep in a text. */
const UNSTORABLE = /[\u0000\p{Cs}]/u;
/** No name, address or key has them; in a list of names they only mislead. */
const CONTROL = /[\p{Cc}\p{Cs}]/u;
/* oxlint-enable no-control-regex */

export interface SourceDocument {
  readonly value: unknown;
  /** The place of a value; of the nearest thing around it when the value itself is missing. */
  locate(path: FieldPath, at?: "key" | "value"): { readonly line: number; readonly column: number };
}

export type ReadDocument =
  | { readonly ok: true; readonly document: SourceDocument; readonly problems: GovernanceProblem[] }
  | { readonly ok: false; readonly problems: GovernanceProblem[] };

/**
 * Reads one document. Not ok: the text is not YAML, is empty, too large or too entangled. Keys
 * that stand twice and control characters are problems of a document that could be read.
 */
export function readDocument(text: string): ReadDocument {
  const start = { line: 1, column: 1, field: "" };
  const size = Buffer.byteLength(text);
  if (size > GOVERNANCE_BYTES_MAX) {
    const message = `expected at most ${String(GOVERNANCE_BYTES_MAX)} bytes, got ${String(size)}`;
    return { ok: false, problems: [{ ...start, message }] };
  }
  if (UNSTORABLE.test(text)) {
    return { ok: false, problems: [{ ...start, message: "expected UTF-8 text without NUL" }] };
  }
  if (nestingOf(text) > NESTING_MAX) {
    const message = `expected at most ${String(NESTING_MAX)} levels of brackets`;
    return { ok: false, problems: [{ ...start, message }] };
  }
  try {
    return readChecked(text);
  } catch (error) {
    // Block nesting by indentation can still exhaust the parser's stack.
    if (!(error instanceof RangeError) && !(error instanceof ReferenceError)) throw error;
    return {
      ok: false,
      problems: [{ ...start, message: "expected less nesting of lists, mappings and aliases" }],
    };
  }
}

function readChecked(text: string): ReadDocument {
  const lines = new LineCounter();
  const yaml = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false, // Found below, where the field is known.
    version: "1.2",
  });
  const placeOf = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const problemAt = (offset: number, field: string, message: string): GovernanceProblem => ({
    ...placeOf(offset),
    field,
    message,
  });

  const broken = [...yaml.errors, ...yaml.warnings].map(({ pos, message }) =>
    problemAt(pos[0], "", `expected valid YAML: ${message}`),
  );
  if (broken.length > 0) return { ok: false, problems: broken };
  if (yaml.contents === null || (isScalar(yaml.contents) && yaml.contents.value === null)) {
    return { ok: false, problems: [problemAt(0, "", "expected a document, got an empty one")] };
  }
  const tangled = findTangle(yaml);
  if (tangled !== undefined) {
    return { ok: false, problems: [problemAt(tangled.offset, "", tangled.message)] };
  }

  return {
    ok: true,
    document: {
      value: yaml.toJS({ maxAliasCount: ALIASES_MAX }),
      locate: (path, at = "value") => placeOf(offsetOf(yaml, path, at)),
    },
    problems: plainnessProblems(yaml).map(({ offset, path, message }) =>
      problemAt(offset, formatFieldPath(path), message),
    ),
  };
}

/** How deep brackets may be nested, at most: those in texts and comments count too. */
function nestingOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const character of text) {
    if (character === "[" || character === "{") depth += 1;
    else if (character === "]" || character === "}") depth = Math.max(0, depth - 1);
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

/** The first alias too many, of nothing, or of what contains it. */
function findTangle(
  yaml: Document,
): { readonly offset: number; readonly message: string } | undefined {
  let aliases = 0;
  let found: { offset: number; message: string } | undefined;
  visit(yaml, {
    Alias: (_, alias, ancestors) => {
      aliases += 1;
      const offset = alias.range?.[0] ?? 0;
      const target = alias.resolve(yaml);
      if (target === undefined) {
        found = { offset, message: `expected an anchor &${alias.source} before this alias` };
      } else if (ancestors.some((ancestor) => ancestor === target)) {
        found = {
          offset,
          message: `expected an alias of something finished, *${alias.source} contains itself`,
        };
      } else if (aliases > ALIASES_MAX) {
        found = { offset, message: `expected at most ${String(ALIASES_MAX)} aliases` };
      }
      return found === undefined ? undefined : visit.BREAK;
    },
  });
  return found;
}

interface PlainnessProblem {
  readonly offset: number;
  readonly path: FieldPath;
  readonly message: string;
}

/** Keys that stand twice in one mapping, keys and texts that are no plain names. */
function plainnessProblems(yaml: Document): PlainnessProblem[] {
  const problems: PlainnessProblem[] = [];
  const walk = (node: unknown, path: FieldPath): void => {
    if (isScalar(node) && typeof node.value === "string" && CONTROL.test(node.value)) {
      const offset = offsetOfNode(node) ?? 0;
      problems.push({
        offset,
        path,
        message: "expected text on one line, without control characters",
      });
    }
    if (isSeq(node)) node.items.forEach((item, index) => walk(item, [...path, index]));
    if (!isMap(node)) return;
    const seen = new Set<string>();
    for (const { key, value } of node.items) {
      const name = keyName(key);
      const offset = offsetOfNode(key) ?? offsetOfNode(node) ?? 0;
      if (name === undefined || name === "__proto__" || CONTROL.test(name)) {
        problems.push({ offset, path, message: "expected a name as key" });
      } else {
        if (seen.has(name)) {
          problems.push({
            offset,
            path: [...path, name],
            message: "expected each key once; it stands here again",
          });
        }
        seen.add(name);
        walk(value, [...path, name]);
      }
    }
  };
  walk(yaml.contents, []);
  return problems;
}

function offsetOf(yaml: Document, path: FieldPath, at: "key" | "value"): number {
  let node: unknown = yaml.contents;
  let offset = offsetOfNode(node) ?? 0;
  for (const [index, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(yaml);
    const isLast = index === path.length - 1;
    if (isMap(node)) {
      const pair = findPair(node, String(step));
      if (pair === undefined) return offset;
      offset =
        (isLast && at === "key" ? offsetOfNode(pair.key) : offsetOfNode(pair.value)) ??
        offsetOfNode(pair.key) ??
        offset;
      node = pair.value;
    } else if (isSeq(node) && typeof step === "number") {
      node = node.items[step];
      offset = offsetOfNode(node) ?? offset;
    } else {
      return offset;
    }
  }
  return offset;
}

/** The last of that name, as that is the one whose value counts. */
function findPair(
  map: YAMLMap,
  name: string,
): { readonly key: unknown; readonly value: unknown } | undefined {
  return map.items.findLast((pair) => isPair(pair) && keyName(pair.key) === name);
}

function keyName(key: unknown): string | undefined {
  if (!isScalar(key)) return undefined;
  const { value } = key;
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

function offsetOfNode(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

function isNode(value: unknown): value is Node {
  return isScalar(value) || isMap(value) || isSeq(value) || isAlias(value);
}
