/**
 * The JSON protocol between the sandbox's web page and the fake Slack: what a Slack client asks its
 * servers for. The page imports nothing but this file. All requests name the person who looks or
 * acts; there are no passwords in a sandbox. Fields of Slack's own objects (blocks, options, views)
 * keep Slack's spelling, everything else is ours.
 *
 * Requests with a body are POSTs with `content-type: application/json`. Wrong requests get status
 * 400 or 404 and a `Problem`; what the bot did wrong is no wrong request but an `Outcome`.
 *
 * Terms
 * - person: a human of the workspace, by its user id (`U…`)
 * - container: what an interactive element stands in: a message or a view
 * - entered value: what a person typed or chose, before Slack turns it into `state.values`
 */

import type {
  ActionRequest,
  CloseRequest,
  CommandRequest,
  FaultRequest,
  OpenHomeRequest,
  OptionsOutcome,
  OptionsRequest,
  Outcome,
  PostRequest,
  ReadRequest,
  ShortcutRequest,
  SubmitOutcome,
  SubmitRequest,
} from "./protocol-actions.ts";

import type {
  ChangeNotice,
  PersonState,
  ShownHome,
  ShownMessage,
  ShownView,
  SlackWorkspace,
} from "./protocol-shown.ts";

export * from "./protocol-actions.ts";
export type * from "./protocol-shown.ts";

export const SANDBOX_API = "/sandbox/api";

/** Every route, relative to `SANDBOX_API`, with its query or body and its answer. */
export interface SandboxRoutes {
  "GET /workspace": { readonly answer: SlackWorkspace };
  /** The side bar of one person. */
  "GET /state": { readonly query: { readonly user: string }; readonly answer: PersonState };
  /** Oldest first. With `thread` the parent and its replies; without it no replies. Marks nothing as read. */
  "GET /messages": {
    readonly query: { readonly user: string; readonly channel: string; readonly thread?: string };
    readonly answer: { readonly messages: readonly ShownMessage[] };
  };
  "GET /home": { readonly query: { readonly user: string }; readonly answer: ShownHome };
  /** The open modal stack, the one on top last; empty when no modal is open. */
  "GET /modals": {
    readonly query: { readonly user: string };
    readonly answer: { readonly views: readonly ShownView[] };
  };
  /** Server-Sent Events: each `data:` line is one `ChangeNotice`; a comment line every 15 s keeps it open. */
  "GET /events": { readonly query: { readonly user: string }; readonly answer: ChangeNotice };
  "POST /messages": { readonly body: PostRequest; readonly answer: Outcome };
  "POST /read": { readonly body: ReadRequest; readonly answer: Outcome };
  "POST /commands": { readonly body: CommandRequest; readonly answer: Outcome };
  "POST /actions": { readonly body: ActionRequest; readonly answer: Outcome };
  "POST /options": { readonly body: OptionsRequest; readonly answer: OptionsOutcome };
  "POST /shortcuts": { readonly body: ShortcutRequest; readonly answer: Outcome };
  /** Tells the bot that the person opened its App Home; the view arrives with a `home` notice. */
  "POST /home": { readonly body: OpenHomeRequest; readonly answer: Outcome };
  "POST /modals/submit": { readonly body: SubmitRequest; readonly answer: SubmitOutcome };
  "POST /modals/close": { readonly body: CloseRequest; readonly answer: Outcome };
  /** Makes the next Web API calls of the bot fail. */
  "POST /faults": { readonly body: FaultRequest; readonly answer: Outcome };
  "POST /faults/clear": { readonly body: Record<string, never>; readonly answer: Outcome };
}
