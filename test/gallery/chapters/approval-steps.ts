/** What people do about a raise: ask, wait for the card, fill the forms behind its buttons. */
import { HOUR_MS } from "../../../src/domain/time.ts";
import {
  escalateApprovals,
  expireApprovals,
  remindApprovers,
} from "../../../src/features/approvals/index.ts";
import type { ShownMessage } from "../../../src/sandbox/slack/protocol.ts";
import type { Handle } from "../stage/watching.ts";
import type { Stage } from "../stage.ts";
import { find, says } from "../steps.ts";

/** The newest message to somebody alone that says all of this. */
export const card = async (
  stage: Stage,
  who: Handle,
  ...saying: readonly (string | RegExp)[]
): Promise<ShownMessage> => await find(stage, who, "dm", ...saying);

/** So much later, with all that the clockwork does by then. */
export async function later(stage: Stage, hours: number): Promise<void> {
  stage.later(hours * HOUR_MS);
  const deps = { database: stage.database, clock: stage.clock };
  await expireApprovals(deps);
  await escalateApprovals(deps);
  await remindApprovers(deps);
}

/** Nobody has more than a few requests open: those of other chapters are decided first. */
export async function settle(stage: Stage): Promise<void> {
  const ana = stage.person("ana");
  const open = ana.messages("dm").filter((one) => says(one, "Search", "approval_approve"));
  for (const one of open) {
    // oxlint-disable-next-line no-await-in-loop -- as a person clicks
    await ana.click(one, "approval_approve");
  }
}

/** Asks, and waits until the card is with whoever decides. */
export async function asked(
  stage: Stage,
  ask: {
    readonly typed: string;
    readonly by: Handle;
    readonly of: Handle;
    readonly amount: string;
  },
): Promise<ShownMessage> {
  await stage.person(ask.by).command(`/claude-spend raise ${ask.typed}`);
  return await card(stage, ask.of, `asks for ${ask.amount}`, "approval_approve");
}

/** Fills the only field of the open form, and sends it. */
export async function submitText(stage: Stage, who: Handle, text: string): Promise<void> {
  const form = stage.person(who).modal();
  const field = form?.blocks.find(({ type }) => type === "input")?.block_id ?? "";
  if (form !== undefined) await stage.person(who).submit(form, { [field]: text });
}
