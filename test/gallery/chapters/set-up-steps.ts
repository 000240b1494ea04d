/** What the entries of the set-up do: open a form of its window, fill it in and send it. */
import type { ShownView } from "../../../src/sandbox/slack/protocol.ts";
import type { Subject } from "../entry.ts";
import type { Handle } from "../stage/watching.ts";
import type { Stage } from "../stage.ts";
import { openedBy } from "../steps.ts";

const STEPS = /of 5 steps done|Everything is set up/;

/** The window of steps, or of settings later. */
export async function hub(stage: Stage, who: Handle = "dana"): Promise<ShownView> {
  return await stage.window(
    who,
    async () => await stage.person(who).command("/claude-spend setup"),
    STEPS,
  );
}

/** The form behind the button in the row that says so. */
export async function form(
  stage: Stage,
  row: string,
  saying: string,
  actionId = "setup_form",
): Promise<Subject & { readonly kind: "modal" }> {
  const view = await hub(stage);
  return await formOf(stage, view, { row, saying, actionId });
}

export async function formOf(
  stage: Stage,
  view: ShownView,
  { row, saying, actionId = "setup_form" }: { row: string; saying: string; actionId?: string },
): Promise<Subject & { readonly kind: "modal" }> {
  const block = view.blocks.find((one) => JSON.stringify(one).includes(row));
  return await openedBy(stage, "dana", view, {
    actionId,
    saying,
    ...(block === undefined ? {} : { blockId: block.block_id }),
  });
}

/** The window in front of the admin. */
export function opened(stage: Stage): ShownView {
  const view = stage.person("dana").modal();
  if (view === undefined) throw new Error("no window is open");
  return view;
}

/** Sends the open form and waits for what it says then. */
export async function send(
  stage: Stage,
  values: Readonly<Record<string, string | readonly string[]>>,
  saying: string | RegExp,
): Promise<Subject & { readonly kind: "modal" }> {
  const person = stage.person("dana");
  const open = opened(stage);
  const act = async (): Promise<void> => {
    const outcome = await person.submit(open, entered(values));
    if (!outcome.ok) {
      throw new Error(`the form was refused: ${JSON.stringify(outcome)}`);
    }
  };
  await stage.window("dana", act, saying);
  return { kind: "modal", as: "dana" };
}

function entered(
  values: Readonly<Record<string, string | readonly string[]>>,
): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === "string" ? value : [...value],
    ]),
  );
}
