/** The modal on top of the stack: a form of blocks, sent as a whole. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ShownView } from "../../slack/protocol.ts";
import { Blocks } from "../blocks/blocks.tsx";
import { TextObject } from "../blocks/inline.tsx";
import { SurfaceContext, useNewSurface } from "../blocks/surface.tsx";
import { missingInputs } from "../blocks/values.ts";
import { closeModal, type SubmitTrouble, submit } from "../model/deeds.ts";
import { current } from "../model/state.ts";
import { BotAvatar } from "./avatar.tsx";
import { Dialog } from "./dialog.tsx";
import { CloseIcon } from "./icons.tsx";

interface ModalProps {
  readonly view: ShownView;
  readonly depth: number;
}

export function Modal({ view, depth }: ModalProps): VNode {
  const [trouble, setTrouble] = useState<SubmitTrouble>();
  const [isSending, setSending] = useState(false);
  const surface = useNewSurface({ type: "view", viewId: view.id }, "modal", trouble?.errors);
  const { bot } = current().workspace;
  useEffect(() => setTrouble(undefined), [view.hash]);
  const send = async (): Promise<void> => {
    if (isSending || view.submit === null) return;
    const missing = missingInputs(view.blocks, surface.valueOf);
    if (Object.keys(missing).length > 0) {
      setTrouble({ message: undefined, errors: missing });
      focusFirstWrong();
      return;
    }
    setSending(true);
    const next = await submit(view);
    setSending(false);
    setTrouble(next);
    if (next !== undefined) focusFirstWrong();
  };
  return (
    <Dialog
      className="dialog"
      label={view.title.text}
      onEscape={() => void closeModal(view, false)}
    >
      <form
        novalidate
        aria-busy={isSending || surface.busy !== undefined}
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <header class="dialog-head">
          <BotAvatar bot={bot} size="small" />
          <h2>
            <TextObject value={view.title} />
          </h2>
          <button
            type="button"
            class="icon-button"
            aria-label="Dismiss"
            onClick={() => void closeModal(view, depth > 1)}
          >
            <CloseIcon />
          </button>
        </header>
        <div class={surface.busy === undefined ? "dialog-body" : "dialog-body is-waiting"}>
          {trouble?.message !== undefined && (
            <div class="dialog-trouble" role="alert">
              ⚠️ {trouble.message}
            </div>
          )}
          <SurfaceContext.Provider value={surface}>
            <Blocks blocks={view.blocks} />
          </SurfaceContext.Provider>
        </div>
        <footer class="dialog-foot">
          <button type="button" class="button" onClick={() => void closeModal(view, false)}>
            {view.close === null ? depth > 1 ? "Back" : "Close" : <TextObject value={view.close} />}
          </button>
          {view.submit !== null && (
            <button
              type="submit"
              class={isSending ? "button button-primary is-busy" : "button button-primary"}
              aria-busy={isSending}
            >
              <TextObject value={view.submit} />
            </button>
          )}
        </footer>
      </form>
    </Dialog>
  );
}

/** After the errors are drawn. */
function focusFirstWrong(): void {
  requestAnimationFrame(() =>
    document
      .querySelector<HTMLElement>("dialog .input-wrong :is(input, textarea, select)")
      ?.focus(),
  );
}
