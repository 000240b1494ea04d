/**
 * Draws a list of Slack blocks. A block type that is not known here is named in a grey box, so that
 * nobody mistakes a gap of the sandbox for a gap of the bot.
 */
import type { VNode } from "preact";
import { imageSource, type Json, record, records, string } from "../text/json.ts";
import { Card, Carousel, ContainerBlock, ModalAlert } from "./boxes.tsx";
import { Chart } from "./chart.tsx";
import { Element } from "./elements.tsx";
import { TextObject } from "./inline.tsx";
import { MarkdownBlock } from "./markdown-block.tsx";
import { RichText } from "./rich-text.tsx";
import { useSurface } from "./surface.tsx";
import { DataTable, PlainTable } from "./table.tsx";

export function Blocks({ blocks }: { readonly blocks: readonly Json[] }): VNode {
  return (
    <div class="blocks">
      {blocks.map((block) => (
        <div class={`block block-${string(block["type"])}`} key={string(block["block_id"])}>
          <Block block={block} />
          <Trouble blockId={string(block["block_id"])} />
        </div>
      ))}
    </div>
  );
}

function Block({ block }: { readonly block: Json }): VNode {
  switch (block["type"]) {
    case "header":
      return (
        <h3 class="header-block">
          <TextObject value={block["text"]} />
        </h3>
      );
    case "section":
      return <Section block={block} />;
    case "context":
      return <Context block={block} />;
    case "divider":
      return <hr class="divider" />;
    case "actions":
    case "context_actions":
      return <Actions block={block} />;
    case "image":
      return <ImageBlock block={block} />;
    case "input":
      return <Input block={block} />;
    case "rich_text":
      return <RichText block={block} />;
    case "markdown":
      return <MarkdownBlock text={string(block["text"])} />;
    case "table":
      return <PlainTable block={block} />;
    case "data_table":
      return <DataTable block={block} />;
    case "data_visualization":
      return <Chart block={block} />;
    case "container":
      return <ContainerBlock block={block} draw={(blocks) => <Blocks blocks={blocks} />} />;
    case "card":
      return <Card block={block} />;
    case "carousel":
      return <Carousel block={block} />;
    case "alert":
      return <ModalAlert block={block} />;
    default:
      return (
        <div class="unknown-block">This client cannot show a “{string(block["type"])}” block.</div>
      );
  }
}

function Section({ block }: { readonly block: Json }): VNode {
  const accessory = record(block["accessory"]);
  const fields = records(block["fields"]);
  const text = record(block["text"]);
  return (
    <div class="section">
      <div class="section-body">
        {text !== undefined && (
          <div class="text">
            <TextObject value={text} />
          </div>
        )}
        {fields.length > 0 && (
          <div class="fields">
            {fields.map((field) => (
              <div class="field text">
                <TextObject value={field} />
              </div>
            ))}
          </div>
        )}
      </div>
      {accessory !== undefined && (
        <div class="accessory">
          <Element element={accessory} blockId={string(block["block_id"])} />
        </div>
      )}
    </div>
  );
}

function Context({ block }: { readonly block: Json }): VNode {
  return (
    <div class="context">
      {records(block["elements"]).map((element) =>
        element["type"] === "image" ? (
          <img class="context-image" src={imageSource(element)} alt={string(element["alt_text"])} />
        ) : (
          <span class="context-text">
            <TextObject value={element} />
          </span>
        ),
      )}
    </div>
  );
}

function Actions({ block }: { readonly block: Json }): VNode {
  return (
    <div class="actions">
      {records(block["elements"]).map((element) => (
        <Element
          key={string(element["action_id"])}
          element={element}
          blockId={string(block["block_id"])}
        />
      ))}
    </div>
  );
}

function ImageBlock({ block }: { readonly block: Json }): VNode {
  const title = record(block["title"]);
  return (
    <figure class="image-block">
      {title !== undefined && (
        <figcaption>
          <TextObject value={title} />
        </figcaption>
      )}
      <img src={imageSource(block)} alt={string(block["alt_text"])} />
    </figure>
  );
}

/** Elements whose own parts carry labels, so that the block's label is a group's. */
const GROUPS = ["checkboxes", "radio_buttons"];

function Input({ block }: { readonly block: Json }): VNode {
  const surface = useSurface();
  const blockId = string(block["block_id"]);
  const element = record(block["element"]) ?? {};
  const error = surface.errors[blockId];
  const hint = record(block["hint"]);
  const id = `input-${blockId}`;
  const isGroup = GROUPS.includes(string(element["type"]));
  const label = (
    <>
      <TextObject value={block["label"]} />
      {block["optional"] === true && <span class="optional"> (optional)</span>}
    </>
  );
  return (
    <div
      class={error === undefined ? "input" : "input input-wrong"}
      {...(isGroup ? { role: "group", "aria-labelledby": `${id}-label` } : {})}
    >
      {isGroup ? (
        <div class="label" id={`${id}-label`}>
          {label}
        </div>
      ) : (
        <label class="label" for={id}>
          {label}
        </label>
      )}
      <Element
        element={element}
        blockId={blockId}
        input={{
          id,
          describedBy: `${id}-error ${id}-hint`,
          isWrong: error !== undefined,
          dispatches: block["dispatch_action"] === true,
        }}
      />
      <div class="error" id={`${id}-error`} role="alert">
        {error}
      </div>
      {hint !== undefined && (
        <div class="hint" id={`${id}-hint`}>
          <TextObject value={hint} />
        </div>
      )}
    </div>
  );
}

function Trouble({ blockId }: { readonly blockId: string }): VNode | null {
  const { trouble } = useSurface();
  if (trouble?.blockId !== blockId) return null;
  return (
    <div class="trouble" role="alert">
      <span aria-hidden="true">⚠️</span> {trouble.message}
    </div>
  );
}
