/**
 * Blocks as one workspace takes them in a message: what Block Kit allows, without the kinds that the
 * workspace does not know, and with pictures only of files that are there and were looked at.
 */
import { type BlockProblem, type Validated, validateBlocks } from "./block-kit.ts";
import { type Placed, placedBlocks } from "./block-kit-walk.ts";
import { fileOf, isShowable } from "./files.ts";
import { isJsonObject, objectsOf } from "./json.ts";
import type { BlockJson } from "./protocol.ts";
import { newBlockId, type Slack } from "./state.ts";

/** `showsFiles` is false for answers to a response_url, in which Slack shows no uploaded file. */
export function validateMessage(
  slack: Slack,
  blocks: unknown,
  { showsFiles = true }: { readonly showsFiles?: boolean } = {},
): Validated<readonly BlockJson[]> {
  const unknown = unknownKinds(slack, blocks);
  if (unknown.length > 0) return { ok: false, problems: unknown };
  const validated = validateBlocks("message", blocks, newBlockId);
  if (!validated.ok) return validated;
  const problems = placedBlocks(validated.value, "/blocks")
    .flatMap(imagesIn)
    .filter(({ node }) => {
      const file = fileOf(slack, node["slack_file"]);
      return node["slack_file"] !== undefined && !(showsFiles && isShowable(slack, file));
    })
    .map(({ pointer }) => ({ pointer: `${pointer}/slack_file`, message: "invalid slack file" }));
  return problems.length > 0 ? { ok: false, problems } : validated;
}

function unknownKinds(slack: Slack, blocks: unknown): readonly BlockProblem[] {
  if (!Array.isArray(blocks)) return [];
  return blocks.flatMap((block: unknown, index) =>
    isJsonObject(block) && slack.state.refusedBlocks.has(String(block["type"]))
      ? [
          {
            pointer: `/blocks/${String(index)}/type`,
            message: `unsupported type: ${String(block["type"])}`,
          },
        ]
      : [],
  );
}

/** The block itself if it is an image, its accessory, its elements. */
function imagesIn({ node, pointer }: Placed): readonly Placed[] {
  const { accessory } = node;
  return [
    { node, pointer },
    ...(isJsonObject(accessory) ? [{ node: accessory, pointer: `${pointer}/accessory` }] : []),
    ...objectsOf(node["elements"]).map((element, index) => ({
      node: element,
      pointer: `${pointer}/elements/${String(index)}`,
    })),
  ].filter((placed) => placed.node["type"] === "image");
}
