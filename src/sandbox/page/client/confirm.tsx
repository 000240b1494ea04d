/** "Are you sure?" in the words of a block element's `confirm` object. */
import type { VNode } from "preact";
import { TextObject } from "../blocks/inline.tsx";
import type { Confirmation } from "../model/state.ts";
import { string, words } from "../text/json.ts";
import { Dialog } from "./dialog.tsx";
import { CloseIcon } from "./icons.tsx";

export function ConfirmDialog({ confirmation }: { readonly confirmation: Confirmation }): VNode {
  const { words: object, answer } = confirmation;
  const style = string(object["style"]) === "danger" ? "button-danger" : "button-primary";
  return (
    <Dialog
      className="dialog dialog-confirm"
      label={words(object["title"])}
      onEscape={() => answer(false)}
    >
      <header class="dialog-head">
        <h2>
          <TextObject value={object["title"]} />
        </h2>
        <button
          type="button"
          class="icon-button"
          aria-label="Dismiss"
          onClick={() => answer(false)}
        >
          <CloseIcon />
        </button>
      </header>
      <div class="dialog-body text">
        <TextObject value={object["text"]} />
      </div>
      <footer class="dialog-foot">
        <button type="button" class="button" onClick={() => answer(false)}>
          <TextObject value={object["deny"]} />
        </button>
        <button type="button" class={`button ${style}`} autoFocus onClick={() => answer(true)}>
          <TextObject value={object["confirm"]} />
        </button>
      </footer>
    </Dialog>
  );
}
