/** On a phone, the way from what is open back to the list of conversations. */
import type { VNode } from "preact";
import { go } from "../model/session.ts";
import { BackIcon } from "./icons.tsx";

export function BackButton(): VNode {
  return (
    <button
      type="button"
      class="back icon-button"
      aria-label="Back to conversations"
      onClick={() => go({ kind: "none" })}
    >
      <BackIcon />
    </button>
  );
}
