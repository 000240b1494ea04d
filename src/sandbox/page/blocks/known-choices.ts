/** The options of a select as far as the page knows them: its own, or people and channels. */
import { current } from "../model/state.ts";
import { type Json, records, string, words } from "../text/json.ts";

export interface Choice {
  readonly value: string;
  readonly label: string;
  readonly description: string;
  readonly group: string;
}

/** Empty for external selects. */
export function knownChoices(element: Json): readonly Choice[] {
  const { workspace } = current();
  const type = string(element["type"]);
  if (type.endsWith("users_select")) {
    return workspace.people.map(({ id, name, title }) => ({
      value: id,
      label: name,
      description: title,
      group: "",
    }));
  }
  if (type.endsWith("channels_select") || type.endsWith("conversations_select")) {
    return workspace.channels.map(({ id, name, purpose }) => ({
      value: id,
      label: `#${name}`,
      description: purpose,
      group: "",
    }));
  }
  return choicesOf(element);
}

/** What an element or an answer of the bot offers. */
export function choicesOf(offer: Json): readonly Choice[] {
  const toChoice =
    (group: string) =>
    (option: Json): Choice => ({
      value: string(option["value"]),
      label: words(option["text"]),
      description: words(option["description"]),
      group,
    });
  const grouped = records(offer["option_groups"]).flatMap((group) =>
    records(group["options"]).map(toChoice(words(group["label"]))),
  );
  return [...records(offer["options"]).map(toChoice("")), ...grouped];
}
