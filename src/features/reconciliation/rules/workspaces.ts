/**
 * Workspaces that only one side names. The default workspace has an id in one report and none in
 * the other, and apps often do not know theirs: what is the same is compared as the same. Pure.
 */
import {
  absolute,
  type BilledLine,
  type Cell,
  type ChargedLine,
  cellsOf,
  gapOf,
  groupBy,
  type Sides,
} from "./lines.ts";

/** The same lines, those of workspaces that turn out to be the unnamed one without a name. */
export function withoutUnnamedWorkspaces(sides: Sides): Sides {
  const isNamed = ({ workspaceId }: { readonly workspaceId: string | undefined }): boolean =>
    workspaceId !== undefined;
  // A bill of Claude Enterprise names none: what apps say of theirs can't be held against it.
  if (sides.theirs.length > 0 && !sides.theirs.some(isNamed)) return unnaming(sides, isNamed);
  return withLeftoversTogether(withDefaultWorkspace(sides));
}

/**
 * Where one side names every workspace and the other side does not, the unnamed one is the workspace
 * that leaves the least difference when it is taken for it.
 */
function withDefaultWorkspace(sides: Sides): Sides {
  const isUnnamed = ({ workspaceId }: { readonly workspaceId: string | undefined }): boolean =>
    workspaceId === undefined;
  if (sides.theirs.some(isUnnamed) === sides.ours.some(isUnnamed)) return sides;
  const gaps = gapsByWorkspace(sides);
  const unnamed = gaps.get("") ?? new Map<string, bigint>();
  let best: { readonly workspaceId: string; readonly gained: bigint } | undefined;
  // In one order, so that of two that are as good the same one is taken every time.
  const inOrder = [...gaps].toSorted(([left], [right]) => (left < right ? -1 : 1));
  for (const [workspaceId, named] of inOrder) {
    if (workspaceId === "") continue;
    let gained = 0n;
    for (const [place, gap] of unnamed) {
      const other = named.get(place) ?? 0n;
      gained += absolute(gap) + absolute(other) - absolute(gap + other);
    }
    if (gained > (best?.gained ?? 0n)) best = { workspaceId, gained };
  }
  return best === undefined
    ? sides
    : unnaming(sides, ({ workspaceId }) => workspaceId === best.workspaceId);
}

/** Ours less theirs by workspace ('': unnamed), then by day, model and component. */
function gapsByWorkspace({ theirs, ours }: Sides): ReadonlyMap<string, Map<string, bigint>> {
  const gaps = new Map<string, Map<string, bigint>>();
  const add = (line: BilledLine | ChargedLine, amount: bigint): void => {
    const workspace = line.workspaceId ?? "";
    const places = gaps.get(workspace) ?? new Map<string, bigint>();
    gaps.set(workspace, places);
    const place = placeOf(line);
    places.set(place, (places.get(place) ?? 0n) + amount);
  };
  for (const line of theirs) add(line, 0n - line.billedCost);
  for (const line of ours) add(line, line.billedCost);
  return gaps;
}

function placeOf({ day, modelId, component }: BilledLine | ChargedLine | Cell): string {
  return JSON.stringify([day, modelId, component]);
}

/**
 * What is still unnamed on our side only was used in some workspace that is short of it: those are
 * compared together, by day, model and component.
 */
function withLeftoversTogether(sides: Sides): Sides {
  const isShort = new Set<string>();
  const byPlace = groupBy(cellsOf(sides), placeOf);
  for (const cells of byPlace.values()) {
    const unnamed = cells.find(({ workspaceId }) => workspaceId === undefined);
    if (unnamed === undefined || (unnamed.theirs.length > 0 && unnamed.ours.length > 0)) continue;
    const sign = unnamed.ours.length > 0 ? 1n : -1n;
    for (const cell of cells) {
      if (gapOf(cell) * sign < 0n) isShort.add(JSON.stringify([cell.workspaceId, placeOf(cell)]));
    }
  }
  return unnaming(sides, (line) => isShort.has(JSON.stringify([line.workspaceId, placeOf(line)])));
}

function unnaming(
  { theirs, ours }: Sides,
  isUnnamed: (line: BilledLine | ChargedLine) => boolean,
): Sides {
  const unname = <Line extends BilledLine | ChargedLine>(line: Line): Line =>
    isUnnamed(line) ? { ...line, workspaceId: undefined } : line;
  return { theirs: theirs.map(unname), ours: ours.map(unname) };
}
