/**
 * Elements that offer options: checkboxes, radio buttons, and selects. A single choice from a known
 * list is the browser's own select; external lists and several choices get a search field.
 */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { fetchOptions } from "../model/deeds.ts";
import { current } from "../model/state.ts";
import { type Json, number, record, records, string, words } from "../text/json.ts";
import { type Field, frameOf } from "./field.ts";
import { TextObject } from "./inline.tsx";
import { useSurface } from "./surface.tsx";

interface Choice {
  readonly value: string;
  readonly label: string;
  readonly description: string;
  readonly group: string;
}

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

/** Search in an external list, or choose several. */
export function Combobox({ field }: { readonly field: Field }): VNode {
  const isMulti = string(field.element["type"]).startsWith("multi_");
  const [query, setQuery] = useState("");
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(0);
  const { choices, state } = useChoices(field, query, isOpen);
  const chosen = Array.isArray(field.value)
    ? field.value
    : typeof field.value === "string"
      ? [field.value]
      : [];
  const labels = useLabels(field.element, choices);
  const offered = choices.filter(({ value }) => !chosen.includes(value));
  const choose = (value: string): void => {
    field.choose(isMulti ? [...chosen, value] : value);
    setQuery("");
    if (!isMulti) setOpen(false);
  };
  const drop = (value: string): void =>
    field.choose(isMulti ? chosen.filter((other) => other !== value) : null);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setOpen(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      setActive((active + step + offered.length) % Math.max(1, offered.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      const choice = offered[active];
      if (isOpen && choice !== undefined) choose(choice.value);
    } else if (event.key === "Escape" && isOpen) {
      event.stopPropagation();
      event.preventDefault();
      setOpen(false);
    } else if (event.key === "Backspace" && query === "") {
      const last = chosen.at(-1);
      if (last !== undefined) drop(last);
    }
  };
  const listId = `${field.blockId}-list`;
  return (
    <div class="combobox">
      {chosen.map((value) => (
        <span class="chip" key={value}>
          {labels(value)}
          <button type="button" aria-label={`Remove ${labels(value)}`} onClick={() => drop(value)}>
            ×
          </button>
        </span>
      ))}
      {(isMulti || chosen.length === 0) && (
        <input
          {...frameOf(field)}
          role="combobox"
          aria-expanded={isOpen}
          aria-controls={listId}
          autocomplete="off"
          value={query}
          placeholder={chosen.length === 0 ? words(field.element["placeholder"]) : ""}
          onFocus={() => setOpen(true)}
          onBlur={() => setOpen(false)}
          onInput={(event) => {
            setQuery(event.currentTarget.value);
            setActive(0);
            setOpen(true);
          }}
          onKeyDown={onKeyDown}
        />
      )}
      {isOpen && (
        <div class="listbox" role="listbox" id={listId}>
          {state !== "" && <div class="listbox-note">{state}</div>}
          {offered.map((choice, index) => (
            <div
              role="option"
              aria-selected={index === active}
              class={index === active ? "listbox-option is-active" : "listbox-option"}
              // Before the field loses its focus and the list closes.
              onMouseDown={(event) => {
                event.preventDefault();
                choose(choice.value);
              }}
            >
              {choice.label}
              {choice.description !== "" && (
                <span class="option-description">{choice.description}</span>
              )}
            </div>
          ))}
        </div>
      )}
    </div>
  );
}

const TYPING_PAUSE_MS = 200;

function useChoices(
  field: Field,
  query: string,
  isOpen: boolean,
): { choices: readonly Choice[]; state: string } {
  const surface = useSurface();
  const { element, blockId } = field;
  const isExternal = string(element["type"]).endsWith("external_select");
  const [found, setFound] = useState<readonly Choice[]>([]);
  const [state, setState] = useState("");
  const typedMin = number(element["min_query_length"]) ?? 3;
  useEffect(() => {
    if (!isExternal || !isOpen || surface.container === null) return undefined;
    if (query.length < typedMin) {
      setFound([]);
      setState(
        `Type at least ${String(typedMin)} character${typedMin === 1 ? "" : "s"} to search.`,
      );
      return undefined;
    }
    const { container } = surface;
    let isStale = false;
    const timer = setTimeout(async () => {
      setState("Loading…");
      const answer = await fetchOptions(container, {
        blockId,
        actionId: string(element["action_id"]),
        value: query,
      });
      if (isStale) return;
      const choices = answer.ok
        ? choicesOf({ options: answer.options, option_groups: answer.optionGroups })
        : [];
      setFound(choices);
      setState(answer.ok ? (choices.length === 0 ? "No results" : "") : answer.message);
    }, TYPING_PAUSE_MS);
    return () => {
      isStale = true;
      clearTimeout(timer);
    };
  }, [query, isOpen, isExternal, blockId]);
  if (isExternal) return { choices: found, state };
  const matching = knownChoices(element).filter(({ label }) =>
    label.toLowerCase().includes(query.toLowerCase()),
  );
  return { choices: matching, state: matching.length === 0 ? "No results" : "" };
}

/** Chosen options keep their words though the list that offered them is gone. */
function useLabels(element: Json, choices: readonly Choice[]): (value: string) => string {
  const [seen] = useState(() => new Map<string, string>());
  const initial = record(element["initial_option"]);
  const initials = choicesOf({
    options: initial === undefined ? element["initial_options"] : [initial],
  });
  for (const { value, label } of [...knownChoices(element), ...initials, ...choices])
    seen.set(value, label);
  return (value) => seen.get(value) ?? value;
}

function knownChoices(element: Json): readonly Choice[] {
  const { workspace } = current();
  const type = string(element["type"]);
  if (type.endsWith("users_select")) {
    return workspace.people.map(({ id, name, title }) => ({
      value: id,
      label: name,
      description: title,
      group: "",
    }));
  }
  if (type.endsWith("channels_select") || type.endsWith("conversations_select")) {
    return workspace.channels.map(({ id, name, purpose }) => ({
      value: id,
      label: `#${name}`,
      description: purpose,
      group: "",
    }));
  }
  return choicesOf(element);
}

function choicesOf(offer: Json): readonly Choice[] {
  const toChoice =
    (group: string) =>
    (option: Json): Choice => ({
      value: string(option["value"]),
      label: words(option["text"]),
      description: words(option["description"]),
      group,
    });
  const grouped = records(offer["option_groups"]).flatMap((group) =>
    records(group["options"]).map(toChoice(words(group["label"]))),
  );
  return [...records(offer["options"]).map(toChoice("")), ...grouped];
}
