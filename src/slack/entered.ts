/** What a person chose or typed, out of Slack's payloads, as listeners get it. */
import type { BlockElementAction, ViewStateValue } from "@slack/bolt";
import type { ViewValues } from "./listener.ts";

export function chosenValue(action: BlockElementAction): string {
  if ("selected_option" in action) return action.selected_option?.value ?? "";
  return "value" in action ? (action.value ?? "") : "";
}

/** By block id: every input block of ours holds one element. `idOf`: what people and channels are called here. */
export function viewValues(
  state: Record<string, Record<string, ViewStateValue>>,
  idOf: (id: string) => string,
): ViewValues {
  return Object.fromEntries(
    Object.entries(state).map(([blockId, elements]) => {
      const [element] = Object.values(elements);
      const chosenId = element?.selected_user ?? element?.selected_conversation;
      const value =
        element?.value ??
        element?.selected_date ??
        element?.selected_time ??
        (chosenId === undefined || chosenId === null ? undefined : idOf(chosenId)) ??
        element?.selected_option?.value ??
        severalOf(element, idOf);
      return [blockId, value === "" ? undefined : value];
    }),
  );
}

function severalOf(
  element: ViewStateValue | undefined,
  idOf: (id: string) => string,
): string | undefined {
  const { selected_users: users, selected_options: options } = element ?? {};
  return (users?.map(idOf) ?? options?.map(({ value }) => value))?.join(",");
}
