/**
 * Writes other values into a YAML text and leaves the rest of it alone: what stays the same keeps
 * its comments, its order and its style. Knows nothing of governance; the promise is that reading
 * the result gives exactly those values.
 */
import { isDeepStrictEqual } from "node:util";
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { assert } from "../../../domain/assert.ts";

type Mapping = Readonly<Record<string, unknown>>;

/** Texts are never folded: a line of a document is a line of it afterwards. */
const FORMAT = { lineWidth: 0, flowCollectionPadding: true } as const;

/** The text with these values; the text itself where it has them already. */
export function rewriteDocument(text: string, values: Mapping): string {
  if (isDeepStrictEqual(readValue(text), values)) return text;
  const plain = withValues(read(text), text, values);
  if (plain !== undefined) return plain;

  // What an alias stands for was changed in one of its places only: each place gets its own.
  const expanded = read(text);
  expandAliases(expanded);
  const own = withValues(expanded, text, values);
  assert(own !== undefined, "a rewritten document says what it was given");
  return own;
}

/** Undefined: an alias says something else then, or has nothing to stand for. */
function withValues(document: Document, like: string, values: Mapping): string | undefined {
  try {
    document.contents = written(document, document.contents, values);
    const text = document.toString(formatOf(like));
    return isDeepStrictEqual(readValue(text), values) ? text : undefined;
  } catch (error) {
    if (error instanceof ReferenceError) return undefined;
    throw error;
  }
}

/** A text that says nothing yet gets a document of these values. */
export function writeDocument(comment: string, values: Mapping): string {
  const document = read("");
  const contents: Node = document.createNode(values);
  compactLists(contents);
  document.contents = contents;
  document.commentBefore = comment;
  return document.toString(FORMAT);
}

/** Lists stand in under their key as they did before. */
function formatOf(text: string): typeof FORMAT & { readonly indentSeq: boolean } {
  return { ...FORMAT, indentSeq: !/^([ ]*)[^\s#-][^\n]*:[ ]*(?:#[^\n]*)?\n\1- /m.test(text) };
}

function readValue(text: string): unknown {
  return valueOf(read(text));
}

function read(text: string): Document {
  return parseDocument<Node>(text, { version: "1.2" });
}

function valueOf(document: Document): unknown {
  return document.errors.length > 0 ? undefined : document.toJS({ maxAliasCount: -1 });
}

function expandAliases(document: Document): void {
  visit(document, {
    Alias: (_key, alias) => {
      const target = alias.resolve(document);
      return target === undefined ? undefined : document.createNode(plainValue(document, target));
    },
  });
  // Only then: an anchor stands before what refers to it.
  visit(document, {
    Node: (_key, node) => {
      if ("anchor" in node) delete node.anchor;
    },
  });
}

/** The node for `value`: the one that is there wherever it says the same, changed as little as can be. */
function written(document: Document, node: unknown, value: unknown): Node {
  if (isNode(node)) {
    if (isDeepStrictEqual(plainValue(document, node), value)) return node;
    if (isMap(node) && isMapping(value)) return writtenMap(document, node, value);
    if (isSeq(node) && Array.isArray(value)) return writtenSeq(document, node, value);
    if (isScalar(node) && !isMapping(value) && !Array.isArray(value)) {
      node.value = value;
      return node;
    }
  }
  const created = document.createNode(value);
  if (isNode(node)) keepComments(node, created);
  return created;
}

function writtenMap(document: Document, map: YAMLMap, value: Mapping): Node {
  map.items = map.items.filter((pair) => Object.hasOwn(value, nameOf(pair.key)));
  for (const [name, part] of Object.entries(value)) {
    if (part === undefined) continue;
    const pair = map.items.findLast(({ key }) => nameOf(key) === name);
    if (pair === undefined) map.add(document.createPair(name, sibling(document, map, part)));
    else pair.value = written(document, pair.value, part);
  }
  return map;
}

/** An entry is known again by being the same, by its key, or by its place among what is left. */
function writtenSeq(document: Document, seq: YAMLSeq, values: readonly unknown[]): Node {
  const left = new Map(seq.items.map((item, index) => [index, item]));
  const take = (isIt: (item: unknown, index: number) => boolean): unknown => {
    for (const [index, item] of left) {
      if (!isIt(item, index)) continue;
      left.delete(index);
      return item;
    }
    return undefined;
  };
  const plainOf = (item: unknown): unknown =>
    isNode(item) ? plainValue(document, item) : undefined;
  const same = values.map((value) => take((item) => isDeepStrictEqual(plainOf(item), value)));
  const known = values.map(
    (value, index) => same[index] ?? take((item) => isSameEntry(plainOf(item), value)),
  );
  // Only what takes the place of something: an entry more is no change of another one.
  const isAsMany = values.length === seq.items.length;
  seq.items = values.map((value, index) => {
    const node = known[index] ?? (isAsMany ? take((_item, place) => place === index) : undefined);
    return node === undefined ? sibling(document, seq, value) : written(document, node, value);
  });
  return seq;
}

function isSameEntry(left: unknown, right: unknown): boolean {
  return isMapping(left) && isMapping(right) && "key" in left && left["key"] === right["key"];
}

/** Written as its neighbours are: on one line or on many. */
function sibling(document: Document, collection: YAMLMap | YAMLSeq, value: unknown): Node {
  const node = document.createNode(value);
  const neighbour: unknown = collection.items
    .map((item: unknown) => (isNode(item) ? item : pairValue(item)))
    .findLast((item) => isMap(item) || isSeq(item));
  const isOneLine =
    collection.flow === true || ((isMap(neighbour) || isSeq(neighbour)) && neighbour.flow === true);
  if ((isMap(node) || isSeq(node)) && isOneLine) node.flow = true;
  else compactLists(node);
  return node;
}

/** `owners: [ana@acme.test]` on one line, as people write short lists. */
function compactLists(node: Node): void {
  visit(node, {
    Seq: (_key, seq) => {
      if (seq.items.every((item) => isScalar(item))) seq.flow = true;
    },
  });
}

function pairValue(item: unknown): unknown {
  return typeof item === "object" && item !== null && "value" in item ? item.value : undefined;
}

function keepComments(from: Node, to: Node): void {
  if (from.comment !== undefined) to.comment = from.comment;
  if (from.commentBefore !== undefined) to.commentBefore = from.commentBefore;
  if (from.spaceBefore !== undefined) to.spaceBefore = from.spaceBefore;
}

function plainValue(document: Document, node: Node): unknown {
  return node.toJS(document, { maxAliasCount: -1 });
}

function nameOf(key: unknown): string {
  return isScalar(key) ? String(key.value) : "";
}

function isNode(value: unknown): value is Node {
  return isScalar(value) || isMap(value) || isSeq(value) || isAlias(value);
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
