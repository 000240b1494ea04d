/** Who does what in one step of a round: deeds of many histories that happen at the same time. */
import { chooseDeed, splurge } from "./deeds.ts";
import type { History } from "./histories.ts";
import type { World } from "./world.ts";
import { type Deed, editGroup } from "./world-deeds.ts";

/** Keys that spend a lot at the beginning of a round, and are told in one channel. */
const STORM = 16;

/** What each history does in this step; the members of a budget that is edited do nothing else. */
export function deedsOf(world: World, step: number): Deed[] {
  const { histories, groups, random } = world;
  const edited = groups.filter(() => random.chance(0.15));
  const busy = new Set(edited.map(({ budgetId }) => budgetId));
  const splurging = new Set(step === 0 ? stormOf(world, busy) : []);
  // What a person spends is entered with the budget that is theirs alone.
  const twins = new Set(histories.map(({ twin }) => twin));
  return [
    ...edited.map((group) => editGroup(world, group)),
    ...histories.flatMap((history) => {
      const isOwn = history.memberKey === "";
      const { twin, budgetId } = history;
      if (twins.has(history) || busy.has(budgetId) || busy.has(twin?.budgetId ?? "")) return [];
      if (splurging.has(history)) return [splurge(world, history)];
      if (!random.chance(isOwn ? 0.5 : 0.22)) return [];
      const deed = chooseDeed(world, history);
      return deed === undefined ? [] : [deed];
    }),
  ];
}

/** Some of the keys, which finance hears of. */
function stormOf({ groups, random }: World, busy: ReadonlySet<string>): readonly History[] {
  const keys = groups.find(({ scope }) => scope === "each:api_key");
  if (keys === undefined || busy.has(keys.budgetId)) return [];
  const first = random.below(keys.members.length);
  return [...keys.members.slice(first), ...keys.members].slice(0, STORM);
}
