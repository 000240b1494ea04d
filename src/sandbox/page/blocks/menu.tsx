/** A button that opens a menu: arrow keys move, Escape closes, a click elsewhere closes. */
import type { ComponentChildren, VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

interface MenuItem {
  readonly key: string;
  readonly label: string;
  readonly description?: string;
  readonly icon?: ComponentChildren;
}

interface MenuProps {
  readonly label: string;
  readonly buttonClass: string;
  readonly button: ComponentChildren;
  /** Where there is room: above the composer, below an overflow button. */
  readonly opens?: "up" | "down";
  readonly heading?: string;
  readonly items: readonly MenuItem[];
  readonly choose: (key: string) => void;
}

export function Menu(props: MenuProps): VNode {
  const [isOpen, setOpen] = useState(false);
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!isOpen) return undefined;
    frame.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus();
    const close = (event: Event): void => {
      if (event.target instanceof Node && frame.current?.contains(event.target) !== true)
        setOpen(false);
    };
    document.addEventListener("pointerdown", close);
    return () => document.removeEventListener("pointerdown", close);
  }, [isOpen]);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Escape" && isOpen) {
      event.stopPropagation();
      setOpen(false);
      frame.current?.querySelector("button")?.focus();
    }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      moveFocus(frame.current, event.key === "ArrowDown" ? 1 : -1);
    }
  };
  return (
    <div class="menu-frame" ref={frame} onKeyDown={onKeyDown}>
      <button
        type="button"
        class={props.buttonClass}
        aria-label={props.label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        title={props.label}
        onClick={() => setOpen(!isOpen)}
      >
        {props.button}
      </button>
      {isOpen && (
        <div class={`menu menu-${props.opens ?? "down"}`} role="menu" aria-label={props.label}>
          {props.heading !== undefined && <div class="menu-heading">{props.heading}</div>}
          {props.items.map((item) => (
            <button
              type="button"
              role="menuitem"
              class="menu-item"
              key={item.key}
              onClick={() => {
                setOpen(false);
                props.choose(item.key);
              }}
            >
              {item.icon}
              <span>
                <span class="menu-label">{item.label}</span>
                {item.description !== undefined && (
                  <span class="menu-description">{item.description}</span>
                )}
              </span>
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

function moveFocus(frame: HTMLElement | null, step: number): void {
  const items = [...(frame?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
  const at = items.findIndex((item) => item === document.activeElement);
  items[(at + step + items.length) % items.length]?.focus();
}
