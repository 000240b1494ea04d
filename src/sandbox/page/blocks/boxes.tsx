/** Blocks that hold other things in a frame: containers, cards, carousels, alerts of modals. */
import type { ComponentChildren, VNode } from "preact";
import { imageSource, type Json, record, records, string } from "../text/json.ts";
import { Element } from "./elements.tsx";
import { TextObject } from "./inline.tsx";
import { RichText } from "./rich-text.tsx";

interface ContainerProps {
  readonly block: Json;
  /** Passed in, since a container holds blocks and blocks hold containers. */
  readonly draw: (blocks: readonly Json[]) => VNode;
}

export function ContainerBlock({ block, draw }: ContainerProps): VNode {
  const width = string(block["width"]);
  const className = `box box-${width === "" ? "standard" : width}`;
  const children = draw(records(block["child_blocks"]));
  const head = <ContainerHead block={block} />;
  if (block["is_collapsible"] === true) {
    return (
      <details class={className} open={block["default_collapsed"] !== true}>
        <summary>{head}</summary>
        <div class="box-body">{children}</div>
      </details>
    );
  }
  return (
    <section class={className}>
      <div class={block["has_header_divider"] === true ? "box-top box-divided" : "box-top"}>
        {head}
      </div>
      <div class="box-body">{children}</div>
    </section>
  );
}

function ContainerHead({ block }: { readonly block: Json }): VNode {
  const rich = record(block["rich_text_title"]);
  const title = record(block["title"]);
  const subtitle = record(block["subtitle"]);
  return (
    <div class="box-head">
      <Picture image={record(block["icon"])} className="box-icon" />
      <div>
        {rich !== undefined && <RichText block={rich} />}
        {title !== undefined && (
          <div class="box-title">
            <TextObject value={title} />
          </div>
        )}
        {subtitle !== undefined && (
          <div class="box-subtitle">
            <TextObject value={subtitle} />
          </div>
        )}
      </div>
    </div>
  );
}

export function Card({ block }: { readonly block: Json }): VNode {
  const buttons = records(block["actions"]);
  return (
    <article class="card">
      <Picture image={record(block["hero_image"])} className="card-hero" />
      <div class="card-head">
        <Picture image={record(block["icon"])} className="box-icon" />
        <div>
          <CardText value={block["title"]} className="box-title" />
          <CardText value={block["subtitle"]} className="box-subtitle" />
        </div>
      </div>
      <CardText value={block["body"]} className="card-text" />
      <CardText value={block["subtext"]} className="box-subtitle" />
      {buttons.length > 0 && (
        <div class="actions">
          {buttons.map((button) => (
            <Element element={button} blockId={string(block["block_id"])} />
          ))}
        </div>
      )}
    </article>
  );
}

function CardText({
  value,
  className,
}: {
  readonly value: unknown;
  readonly className: string;
}): VNode | null {
  return record(value) === undefined ? null : (
    <div class={className}>
      <TextObject value={value} />
    </div>
  );
}

function Picture({
  image,
  className,
}: {
  readonly image: Json | undefined;
  readonly className: string;
}): VNode | null {
  if (image === undefined) return null;
  return <img class={className} src={imageSource(image)} alt={string(image["alt_text"])} />;
}

export function Carousel({ block }: { readonly block: Json }): VNode {
  const cards: ComponentChildren = records(block["elements"]).map((card) => <Card block={card} />);
  return (
    <div class="carousel" tabIndex={0} aria-label="Cards">
      {cards}
    </div>
  );
}

export function ModalAlert({ block }: { readonly block: Json }): VNode {
  const level = string(block["level"]);
  return (
    <div class={`modal-alert modal-alert-${level === "" ? "default" : level}`} role="note">
      <TextObject value={block["text"]} />
    </div>
  );
}
