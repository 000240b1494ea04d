/** A modal dialog of the browser, so that focus stays inside and Escape works without our doing. */
import type { ComponentChildren, VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** As in Slack, one can type at once; without any field, the browser's own choice holds. */
const FIRST_FIELD = ".dialog-body :is(input, textarea, select), .dialog-foot .button-primary";

interface DialogProps {
  readonly label: string;
  readonly className: string;
  readonly onEscape: () => void;
  readonly children: ComponentChildren;
}

export function Dialog({ label, className, onEscape, children }: DialogProps): VNode {
  const frame = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = frame.current;
    dialog?.showModal();
    dialog?.querySelector<HTMLElement>(FIRST_FIELD)?.focus();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={frame}
      class={className}
      aria-label={label}
      onCancel={(event) => {
        event.preventDefault();
        onEscape();
      }}
    >
      {children}
    </dialog>
  );
}
