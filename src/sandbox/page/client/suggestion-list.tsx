/** The list above the composer. While a command's words are typed it only reminds of its usage. */
import type { VNode } from "preact";
import type { Suggestion, Suggestions } from "../model/suggestions.ts";

interface SuggestionListProps {
  readonly id: string;
  readonly suggestions: Suggestions;
  readonly active: number;
  readonly choose: (suggestion: Suggestion) => void;
}

export function SuggestionList({ id, suggestions, active, choose }: SuggestionListProps): VNode {
  const { title, items, isReminder } = suggestions;
  return (
    <div class="suggestions" id={id} role="listbox" aria-label={title}>
      <div class="suggestions-head">
        <strong>{title}</strong>
        <span class="suggestions-keys">
          {isReminder ? (
            <>
              <kbd>Enter</kbd> to send
            </>
          ) : (
            <>
              <kbd>↑</kbd> <kbd>↓</kbd> to choose, <kbd>Tab</kbd> to take
            </>
          )}
        </span>
      </div>
      {items.map((item, index) => (
        <div
          key={item.label}
          role="option"
          aria-selected={!isReminder && index === active}
          class={!isReminder && index === active ? "suggestion is-active" : "suggestion"}
          // Before the text field loses its focus.
          onMouseDown={(event) => {
            event.preventDefault();
            if (!isReminder) choose(item);
          }}
        >
          <span class="suggestion-line">
            <strong>{item.label}</strong> <span class="suggestion-hint">{item.hint}</span>
          </span>
          <span class="suggestion-description">{item.description}</span>
        </div>
      ))}
    </div>
  );
}
