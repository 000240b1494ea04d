/** Leads to a surface of the catalogue, and says what the entry promised and does not show. */
import { elementsOf } from "../../src/sandbox/slack/block-kit-walk.ts";
import type { Entry, Subject } from "./entry.ts";
import type { Stage } from "./stage.ts";

export interface Taken {
  readonly subject: Subject;
  /** Buttons and forms that the entry says it shows. */
  readonly missing: readonly string[];
}

/** Rejects when it does not come, and when Slack refuses what the program says. */
export async function takeEntry(entry: Entry, stage: Stage): Promise<Taken> {
  const subject = await entry.take(stage);
  const missing = missingIn(entry, stage, subject);
  // What led to it may have left a window open, which would stand in front of it.
  if (subject.kind !== "modal") await stage.closeWindows();
  return { subject, missing };
}

function missingIn(entry: Entry, stage: Stage, subject: Subject): readonly string[] {
  if (subject.kind === "web-page") return [];
  const person = stage.person(subject.as);
  const view = subject.kind === "modal" ? person.modal() : undefined;
  const blocks =
    subject.kind === "message" ? subject.message.blocks : (view?.blocks ?? person.home().blocks);
  const shown = new Set([
    ...elementsOf(blocks).map(({ element }) => `action ${element.action_id}`),
    ...(view === undefined ? [] : [`view ${view.callbackId}`]),
  ]);
  return (entry.listeners ?? []).filter((one) => /^(action|view) /.test(one) && !shown.has(one));
}
