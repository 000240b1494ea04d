/**
 * Walking through blocks: where they nest, where elements stand in them, which ids they lack, and
 * how much of them people read. Knows no limits; those are `block-kit.ts` and the schemas.
 */
import { type InteractiveElement, interactiveElement } from "./block-kit-elements.ts";
import { isJsonObject, type Json, objectsOf } from "./json.ts";
import type { BlockJson } from "./protocol.ts";

/** A block or element, and the JSON pointer to it. */
export interface Placed {
  readonly node: Json;
  readonly pointer: string;
}

const INTERACTIVE_TYPES: ReadonlySet<unknown> = new Set(
  interactiveElement.options.map((schema) => schema.shape.type.value),
);

/** All blocks in reading order, those inside containers and carousels included. */
export function placedBlocks(blocks: readonly Json[], pointer: string): readonly Placed[] {
  return blocks.flatMap((node, index) => {
    const here = `${pointer}/${String(index)}`;
    const children = nestingFields(node).flatMap((field) =>
      placedBlocks(objectsOf(node[field]), `${here}/${field}`),
    );
    return [{ node, pointer: here }, ...children];
  });
}

/** The interactive elements that stand directly in one block. */
export function elementPlaces({ node, pointer }: Placed): readonly Placed[] {
  const single = ["accessory", "element"].map((field) => ({
    node: node[field],
    pointer: `${pointer}/${field}`,
  }));
  const many = ["elements", "actions"].flatMap((field) =>
    objectsOf(node[field]).map((entry, index) => ({
      node: entry,
      pointer: `${pointer}/${field}/${String(index)}`,
    })),
  );
  return [...single, ...many].flatMap((entry) =>
    isJsonObject(entry.node) && INTERACTIVE_TYPES.has(entry.node["type"])
      ? [{ node: entry.node, pointer: entry.pointer }]
      : [],
  );
}

export interface FoundElement {
  readonly block: Json;
  readonly element: InteractiveElement & { readonly action_id: string };
}

/** Every interactive element of blocks that the validator has accepted. */
export function elementsOf(blocks: readonly BlockJson[]): readonly FoundElement[] {
  return placedBlocks(blocks, "").flatMap((placed) =>
    elementPlaces(placed).map(({ node }) => {
      const element = interactiveElement.parse(node);
      return { block: placed.node, element: { ...element, action_id: element.action_id ?? "" } };
    }),
  );
}

/** Gives each block and element the id that its author left out. */
export function withIds(blocks: readonly Json[], newId: () => string): readonly BlockJson[] {
  return blocks.map((block) => {
    const named = Object.entries(block).map(([field, value]): [string, unknown] => {
      if (nestingFields(block).includes(field)) return [field, withIds(objectsOf(value), newId)];
      if (["accessory", "element"].includes(field)) return [field, elementWithId(value, newId)];
      if (["elements", "actions"].includes(field)) {
        return [field, objectsOf(value).map((element) => elementWithId(element, newId))];
      }
      return [field, value];
    });
    const { type, block_id } = block;
    return {
      ...Object.fromEntries(named.filter(([, value]) => value !== undefined)),
      type: String(type),
      block_id: typeof block_id === "string" ? block_id : newId(),
    };
  });
}

function elementWithId(element: unknown, newId: () => string): unknown {
  if (!isJsonObject(element) || !INTERACTIVE_TYPES.has(element["type"])) return element;
  return { ...element, action_id: element["action_id"] ?? newId() };
}

/** The fields of a block that hold blocks. */
function nestingFields(block: Json): readonly string[] {
  if (block["type"] === "carousel") return ["elements"];
  return block["type"] === "container" ? ["child_blocks"] : [];
}

/** Fields whose strings nobody reads. */
const UNSEEN_FIELDS: ReadonlySet<string> = new Set([
  "type",
  "block_id",
  "action_id",
  "value",
  "url",
  "image_url",
  "style",
  "level",
  "align",
  "width",
]);

/** Characters that people read in `node`, as far as Slack's undocumented rule is known. */
export function countShownChars(node: unknown): number {
  if (typeof node === "string") return node.length;
  if (typeof node !== "object" || node === null) return 0;
  return Object.entries(node).reduce(
    (sum, [key, value]) => sum + (UNSEEN_FIELDS.has(key) ? 0 : countShownChars(value)),
    0,
  );
}
