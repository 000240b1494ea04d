/**
 * What blocks stand in: a message, a home tab or a modal. Elements read their value, announce
 * clicks and choices, and learn what is under way, all through the surface around them.
 */
import { createContext } from "preact";
import { useContext, useState } from "preact/hooks";
import type { Container, EnteredValue } from "../../slack/protocol.ts";
import { act, confirmed, containerKey, enter } from "../model/deeds.ts";
import { current } from "../model/state.ts";
import { type Json, record, string } from "../text/json.ts";

export interface Surface {
  /** Null: nothing can be done here, for example in a preview. */
  readonly container: Container | null;
  readonly kind: "message" | "home" | "modal";
  /** One sentence by block_id, shown under that input. */
  readonly errors: Readonly<Record<string, string>>;
  /** `block_id/action_id` of what waits for the bot. */
  readonly busy: string | undefined;
  readonly trouble: { readonly blockId: string; readonly message: string } | undefined;
  /** Undefined: untouched, so the initial value holds. */
  readonly valueOf: (blockId: string, actionId: string) => EnteredValue | undefined;
  readonly enter: (blockId: string, actionId: string, value: EnteredValue) => void;
  /** Tells the bot, after the element's own confirmation dialog. */
  readonly dispatch: (element: Json, blockId: string, value?: EnteredValue) => Promise<void>;
}

export const SurfaceContext = createContext<Surface | undefined>(undefined);

export function useSurface(): Surface {
  const surface = useContext(SurfaceContext);
  if (surface === undefined) throw new Error("blocks must stand in a surface");
  return surface;
}

/** The surface of one container. */
export function useNewSurface(
  container: Container | null,
  kind: Surface["kind"],
  errors: Surface["errors"] = {},
): Surface {
  const [busy, setBusy] = useState<string>();
  const [trouble, setTrouble] = useState<Surface["trouble"]>();
  return {
    container,
    kind,
    errors,
    busy,
    trouble,
    valueOf: (blockId, actionId) =>
      container === null
        ? undefined
        : current().entered[containerKey(container)]?.[blockId]?.[actionId],
    enter: (blockId, actionId, value) => {
      if (container !== null) enter(container, { blockId, actionId }, value);
    },
    dispatch: async (element, blockId, value) => {
      const words = record(element["confirm"]);
      if (container === null || (words !== undefined && !(await confirmed(words)))) return;
      const actionId = string(element["action_id"]);
      setBusy(`${blockId}/${actionId}`);
      setTrouble(undefined);
      const chosen = value === undefined ? {} : { value };
      const message = await act(container, { blockId, actionId, ...chosen });
      setBusy(undefined);
      if (message !== undefined) setTrouble({ blockId, message });
    },
  };
}
