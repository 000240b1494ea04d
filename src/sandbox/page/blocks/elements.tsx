/** Interactive elements: buttons, menus, text and date fields. Choices stand in choices.tsx. */
import type { VNode } from "preact";
import { imageSource, records, string, words } from "../text/json.ts";
import { Checkboxes, NativeSelect, RadioButtons } from "./choices.tsx";
import { Combobox } from "./combobox.tsx";
import { type ElementProps, type Field, frameOf } from "./field.ts";
import { TextObject } from "./inline.tsx";
import { Menu } from "./menu.tsx";
import { useSurface } from "./surface.tsx";
import { initialValue } from "./values.ts";

export function Element({ element, blockId, input }: ElementProps): VNode {
  const surface = useSurface();
  const actionId = string(element["action_id"]);
  const entered = surface.valueOf(blockId, actionId);
  const field: Field = {
    element,
    blockId,
    input,
    value: entered === undefined ? initialValue(element) : entered,
    isBusy: surface.busy === `${blockId}/${actionId}`,
    choose: (value) => {
      surface.enter(blockId, actionId, value);
      if (input === undefined || input.dispatches) void surface.dispatch(element, blockId, value);
    },
  };
  const type = string(element["type"]);
  switch (type) {
    case "button":
    case "workflow_button":
    case "icon_button":
      return <Button field={field} />;
    case "overflow":
      return <Overflow field={field} />;
    case "image":
      return (
        <img class="accessory-image" src={imageSource(element)} alt={string(element["alt_text"])} />
      );
    case "plain_text_input":
    case "email_text_input":
    case "url_text_input":
    case "number_input":
      return <TextField field={field} />;
    case "datepicker":
    case "timepicker":
    case "datetimepicker":
      return <DateField field={field} />;
    case "checkboxes":
      return <Checkboxes field={field} />;
    case "radio_buttons":
      return <RadioButtons field={field} />;
    case "static_select":
    case "users_select":
    case "channels_select":
    case "conversations_select":
      return <NativeSelect field={field} />;
    default:
      return type.endsWith("_select") ? (
        <Combobox field={field} />
      ) : (
        <span class="unknown-block">“{type}”</span>
      );
  }
}

function Button({ field }: { readonly field: Field }): VNode {
  const { element, blockId, isBusy } = field;
  const surface = useSurface();
  const style = string(element["style"]);
  const label = string(element["accessibility_label"]);
  const link = string(element["url"]);
  return (
    <button
      type="button"
      class={`button ${style === "" ? "" : `button-${style}`} ${isBusy ? "is-busy" : ""}`}
      aria-busy={isBusy}
      {...(label === "" ? {} : { "aria-label": label })}
      onClick={() => {
        if (isBusy) return;
        if (/^https?:\/\//.test(link)) open(link, "_blank", "noopener");
        void surface.dispatch(element, blockId);
      }}
    >
      <TextObject value={element["text"]} />
    </button>
  );
}

function Overflow({ field }: { readonly field: Field }): VNode {
  const options = records(field.element["options"]);
  return (
    <Menu
      label="More actions"
      buttonClass="button button-icon"
      button={<span aria-hidden="true">⋯</span>}
      items={options.map((option) => ({
        key: string(option["value"]),
        label: words(option["text"]),
      }))}
      choose={(key) => field.choose(key)}
    />
  );
}

/** Which keyboard a phone shows. Slack checks what was typed itself, so the browser does not. */
function keyboard(type: string): "email" | "url" | "decimal" | "text" {
  if (type === "email_text_input") return "email";
  if (type === "url_text_input") return "url";
  return type === "number_input" ? "decimal" : "text";
}

function TextField({ field }: { readonly field: Field }): VNode {
  const { element, blockId, input } = field;
  const surface = useSurface();
  const actionId = string(element["action_id"]);
  const keep = (value: string): void =>
    surface.enter(blockId, actionId, value === "" ? null : value);
  const common = {
    ...frameOf(field),
    class: "text-field",
    value: typeof field.value === "string" ? field.value : "",
    placeholder: words(element["placeholder"]),
    ...(typeof element["max_length"] === "number" ? { maxLength: element["max_length"] } : {}),
    autoFocus: element["focus_on_load"] === true,
  };
  if (element["multiline"] === true) {
    return <textarea {...common} rows={4} onInput={(event) => keep(event.currentTarget.value)} />;
  }
  return (
    <input
      {...common}
      type="text"
      inputMode={keyboard(string(element["type"]))}
      onInput={(event) => keep(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key !== "Enter" || input?.dispatches !== true) return;
        event.preventDefault();
        void surface.dispatch(element, blockId, event.currentTarget.value);
      }}
    />
  );
}

function dateType(type: string): "date" | "time" | "datetime-local" {
  if (type === "datepicker") return "date";
  return type === "timepicker" ? "time" : "datetime-local";
}

function DateField({ field }: { readonly field: Field }): VNode {
  const type = string(field.element["type"]);
  const isMoment = type === "datetimepicker";
  const value = typeof field.value === "string" ? field.value : "";
  const own = isMoment ? localFromSeconds(value) : value;
  return (
    <input
      {...frameOf(field)}
      class="text-field date-field"
      type={dateType(type)}
      value={own}
      // A date typed by keyboard is complete only now and then; only then is it a choice.
      onInput={(event) => {
        const next = event.currentTarget.value;
        if (next === "") return;
        field.choose(isMoment ? secondsFromLocal(next) : next);
      }}
      onBlur={(event) => {
        if (event.currentTarget.value === "" && value !== "") field.choose(null);
      }}
    />
  );
}

function localFromSeconds(seconds: string): string {
  if (seconds === "") return "";
  const at = new Date(Number(seconds) * 1000);
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

function secondsFromLocal(local: string): string {
  return String(Math.floor(new Date(local).getTime() / 1000));
}
