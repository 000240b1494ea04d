/** What an entry of the gallery is: one surface as a person meets it, and what of the code it shows. */
import type { Page } from "playwright-core";
import type { AlertKind } from "../../src/domain/alert.ts";
import type { ShownMessage } from "../../src/sandbox/slack/protocol.ts";
import type { Handle } from "./stage/watching.ts";
import type { Stage, StageKind } from "./stage.ts";

/** What stands before the camera. */
export type Subject = (
  | { readonly kind: "message"; readonly as: Handle; readonly message: ShownMessage }
  | { readonly kind: "modal"; readonly as: Handle }
  | { readonly kind: "home"; readonly as: Handle }
  | { readonly kind: "web-page"; readonly html: string }
) & {
  /** What only the page knows, such as a question before a click: done on each page. */
  readonly onPage?: (page: Page) => Promise<void>;
  /** Where that leads to, when it is not part of the subject: how the page finds it. */
  readonly shows?: string;
};

/** A listener by its kind and the name under which Slack calls it. */
export type ListenerName =
  | `command ${string}`
  | `action ${string}`
  | `view ${string}`
  | `shortcut ${string}`
  | "home";

export interface Entry {
  /** Unique in its chapter. */
  readonly name: string;
  /** The builders whose work it shows, as "feature/function". */
  readonly builders?: readonly string[];
  /** Actions and views stand in the picture; commands and the shortcut led to it. */
  readonly listeners?: readonly ListenerName[];
  readonly alerts?: readonly AlertKind[];
  /** Its name under docs/images, where the documentation shows it. */
  readonly docs?: { readonly file: string; readonly variant: Variant };
  readonly take: (stage: Stage) => Promise<Subject>;
}

export interface Chapter {
  readonly name: string;
  readonly on: StageKind;
  /** In their order, since one leads to the next. */
  readonly entries: readonly Entry[];
}

export const VARIANTS = ["desktop-light", "desktop-dark", "phone-light", "phone-dark"] as const;
export type Variant = (typeof VARIANTS)[number];
