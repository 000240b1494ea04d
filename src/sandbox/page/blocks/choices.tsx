/** Elements whose options are known and all in sight: checkboxes, radio buttons, plain selects. */
import type { VNode } from "preact";
import { type Json, record, records, string, words } from "../text/json.ts";
import { type Field, frameOf } from "./field.ts";
import { TextObject } from "./inline.tsx";
import { knownChoices } from "./known-choices.ts";

export function Checkboxes({ field }: { readonly field: Field }): VNode {
  const chosen = Array.isArray(field.value) ? field.value : [];
  const toggle = (value: string, isOn: boolean): void => {
    field.choose(isOn ? [...chosen, value] : chosen.filter((other) => other !== value));
  };
  return (
    <div class="options">
      {records(field.element["options"]).map((option) => (
        <Option
          option={option}
          type="checkbox"
          name={field.blockId}
          isOn={chosen.includes(string(option["value"]))}
          set={toggle}
        />
      ))}
    </div>
  );
}

export function RadioButtons({ field }: { readonly field: Field }): VNode {
  return (
    <div class="options" role="radiogroup">
      {records(field.element["options"]).map((option) => (
        <Option
          option={option}
          type="radio"
          name={field.blockId}
          isOn={field.value === string(option["value"])}
          set={(value) => field.choose(value)}
        />
      ))}
    </div>
  );
}

interface OptionProps {
  readonly option: Json;
  readonly type: "checkbox" | "radio";
  readonly name: string;
  readonly isOn: boolean;
  readonly set: (value: string, isOn: boolean) => void;
}

function Option({ option, type, name, isOn, set }: OptionProps): VNode {
  const description = record(option["description"]);
  return (
    <label class="option">
      <input
        type={type}
        name={name}
        checked={isOn}
        onChange={(event) => set(string(option["value"]), event.currentTarget.checked)}
      />
      <span>
        <span class="option-text">
          <TextObject value={option["text"]} />
        </span>
        {description !== undefined && (
          <span class="option-description">
            <TextObject value={description} />
          </span>
        )}
      </span>
    </label>
  );
}

export function NativeSelect({ field }: { readonly field: Field }): VNode {
  const choices = knownChoices(field.element);
  const placeholder = words(field.element["placeholder"]);
  const value = typeof field.value === "string" ? field.value : "";
  const groups = [...new Set(choices.map(({ group }) => group))];
  return (
    <span class={field.isBusy ? "select is-busy" : "select"}>
      <select
        {...frameOf(field)}
        value={value}
        onChange={(event) =>
          field.choose(event.currentTarget.value === "" ? null : event.currentTarget.value)
        }
      >
        {value === "" && (
          <option value="">{placeholder === "" ? "Choose an option" : placeholder}</option>
        )}
        {groups.map((group) => {
          const options = choices
            .filter((choice) => choice.group === group)
            .map((choice) => <option value={choice.value}>{choice.label}</option>);
          return group === "" ? options : <optgroup label={group}>{options}</optgroup>;
        })}
      </select>
    </span>
  );
}
