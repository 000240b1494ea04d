/**
 * The box one types into: Enter sends, Shift-Enter breaks the line, `/`, `@` and `#` open
 * suggestions, the bolt lists the app's shortcuts. Drafts survive leaving a conversation.
 */
import type { VNode } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Menu } from "../blocks/menu.tsx";
import { runShortcut, type Spot, send } from "../model/deeds.ts";
import { conversationKey, current } from "../model/state.ts";
import { type Suggestion, suggestionsFor } from "../model/suggestions.ts";
import { BoltIcon, SendIcon } from "./icons.tsx";
import { SuggestionList } from "./suggestion-list.tsx";

interface ComposerProps {
  readonly spot: Spot;
  /** Its accessible name: "Message", or "Reply" in a thread. */
  readonly label: string;
  readonly placeholder: string;
}

const drafts = new Map<string, string>();

export function Composer({ spot, label, placeholder }: ComposerProps): VNode {
  const { workspace, user } = current();
  const key = `${user.id} ${conversationKey(spot.channel, spot.threadTs)}`;
  const [text, setText] = useState(drafts.get(key) ?? "");
  const [active, setActive] = useState(0);
  const [isDismissed, setDismissed] = useState(false);
  const [sending, setSending] = useState<string>();
  const field = useRef<HTMLTextAreaElement>(null);
  const suggestions = suggestionsFor(text, workspace);
  const isOpen = !isDismissed && suggestions.items.length > 0;
  const chooses = isOpen && !suggestions.isReminder;

  useLayoutEffect(() => fitHeight(field.current), [text]);

  const type = (next: string): void => {
    drafts.set(key, next);
    setText(next);
    setActive(0);
    setDismissed(false);
  };
  const complete = (suggestion: Suggestion | undefined): void => {
    if (suggestion !== undefined) type(suggestion.text);
    field.current?.focus();
  };
  const submit = async (): Promise<void> => {
    const line = text.trim();
    if (line === "") return;
    type("");
    setSending(line.startsWith("/") ? line.split(/\s/, 1)[0] : undefined);
    await send(spot, line);
    setSending(undefined);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    const chosen = suggestions.items[active];
    const isComplete = suggestions.items.some((item) => item.text.trim() === text.trim());
    if (event.key === "Escape" && isOpen) {
      event.stopPropagation();
      setDismissed(true);
    } else if (chooses && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      const count = suggestions.items.length;
      setActive((active + (event.key === "ArrowDown" ? 1 : -1) + count) % count);
    } else if (
      chooses &&
      (event.key === "Tab" || (event.key === "Enter" && !event.shiftKey && !isComplete))
    ) {
      event.preventDefault();
      complete(chosen);
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      void submit();
    }
  };
  const wrap = (mark: string): void => {
    const element = field.current;
    if (element === null) return;
    const { selectionStart: from, selectionEnd: to } = element;
    type(text.slice(0, from) + mark + text.slice(from, to) + mark + text.slice(to));
    element.focus();
    requestAnimationFrame(() => element.setSelectionRange(from + mark.length, to + mark.length));
  };

  return (
    <div class="composer-frame">
      {isOpen && (
        <SuggestionList
          id={`${label}-suggestions`}
          suggestions={suggestions}
          active={active}
          choose={complete}
        />
      )}
      <form
        class="composer"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <Formatting wrap={wrap} />
        <textarea
          ref={field}
          rows={1}
          aria-label={label}
          aria-autocomplete="list"
          aria-controls={isOpen ? `${label}-suggestions` : undefined}
          placeholder={placeholder}
          value={text}
          onInput={(event) => type(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        <div class="composer-foot">
          <Shortcuts spot={spot} />
          <button
            type="button"
            class="composer-tool"
            aria-label="Run a command"
            title="Run a command"
            onClick={() => complete({ label: "", hint: "", description: "", text: "/" })}
          >
            /
          </button>
          <button
            type="button"
            class="composer-tool"
            aria-label="Mention someone"
            title="Mention someone"
            onClick={() => complete({ label: "", hint: "", description: "", text: `${text}@` })}
          >
            @
          </button>
          <span class="composer-space" />
          <button
            type="submit"
            class="send"
            aria-label="Send"
            title="Send"
            disabled={text.trim() === ""}
          >
            <SendIcon />
          </button>
        </div>
      </form>
      <div class="composer-status" role="status">
        {sending === undefined ? null : (
          <>
            <span class="spinner" /> {workspace.bot.name} is working on {sending}…
          </>
        )}
      </div>
    </div>
  );
}

function Shortcuts({ spot }: { readonly spot: Spot }): VNode {
  const { shortcuts, bot } = current().workspace;
  return (
    <Menu
      label="Shortcuts"
      buttonClass="composer-tool"
      button={<BoltIcon />}
      opens="up"
      heading={shortcuts.length === 0 ? "No shortcuts" : bot.name}
      items={shortcuts.map(({ callbackId, name, description }) => ({
        key: callbackId,
        label: name,
        description,
        icon: (
          <span class="menu-icon" style={{ background: bot.color }}>
            <BoltIcon />
          </span>
        ),
      }))}
      choose={(callbackId) => void runShortcut(spot, callbackId)}
    />
  );
}

const FORMATS = [
  { mark: "*", name: "Bold", sign: <b>B</b> },
  { mark: "_", name: "Italic", sign: <i>I</i> },
  { mark: "~", name: "Strikethrough", sign: <s>S</s> },
  { mark: "`", name: "Code", sign: <span class="code-sign">{"</>"}</span> },
] as const;

function Formatting({ wrap }: { readonly wrap: (mark: string) => void }): VNode {
  return (
    <div class="composer-format" role="toolbar" aria-label="Formatting">
      {FORMATS.map(({ mark, name, sign }) => (
        <button
          type="button"
          key={name}
          class="composer-tool"
          aria-label={name}
          title={name}
          onClick={() => wrap(mark)}
        >
          {sign}
        </button>
      ))}
    </div>
  );
}

/** As tall as its text, up to what the style sheet allows. */
function fitHeight(field: HTMLTextAreaElement | null): void {
  if (field === null) return;
  field.style.height = "auto";
  field.style.height = `${String(field.scrollHeight)}px`;
}
