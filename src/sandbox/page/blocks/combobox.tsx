/** A select with a search field: for lists that only the bot knows, and for several choices. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { fetchOptions } from "../model/deeds.ts";
import { type Json, number, record, string, words } from "../text/json.ts";
import { type Field, frameOf } from "./field.ts";
import { type Choice, choicesOf, knownChoices } from "./known-choices.ts";
import { useSurface } from "./surface.tsx";

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
