/**
 * The two sides of a comparison: what Anthropic bills and what we charged, line by line, and the
 * cells in which both can be compared. Pure.
 */
import { type Usd, usd } from "../../../domain/money.ts";
import { TOKEN_TYPES, type TokenType } from "../../../domain/usage.ts";

/** `tokens`: tokens of every type, where one side does not tell them apart. */
export type Component =
  | TokenType
  | "tokens"
  | "web_search"
  | "code_execution"
  | "session_usage"
  | "other";

/** What a report bills for one UTC day and one group. */
export interface BilledLine {
  /** UTC, "2026-11-20". */
  readonly day: string;
  readonly workspaceId: string | undefined;
  readonly modelId: string | undefined;
  readonly component: Component;
  readonly serviceTier: string | undefined;
  /** Before discounts; undefined: the report does not tell. */
  readonly listCost: Usd | undefined;
  readonly billedCost: Usd;
}

/** Charges of one UTC day that are alike in everything a difference may come from. */
export interface ChargedLine {
  readonly day: string;
  readonly workspaceId: string | undefined;
  readonly modelId: string | undefined;
  readonly component: Component;
  readonly source: string;
  /** Used on another provider's platform, so on another bill. */
  readonly isElsewhere: boolean;
  readonly serviceTier: string | undefined;
  readonly isBatchPrice: boolean;
  readonly basis: "list" | "contracted" | "estimated" | "reported";
  readonly isUnknownModel: boolean;
  readonly quantity: number;
  /** Quantity × list unit price, also where the source reported a cost of its own. */
  readonly computedCost: Usd;
  readonly listCost: Usd;
  readonly billedCost: Usd;
  readonly chargeCount: number;
}

/** What can be compared: one day, workspace, model and component. */
export interface Cell {
  readonly day: string;
  readonly workspaceId: string | undefined;
  readonly modelId: string | undefined;
  readonly component: Component;
  readonly theirs: readonly BilledLine[];
  readonly ours: readonly ChargedLine[];
}

/** Ours less theirs. */
export function gapOf({ theirs, ours }: Pick<Cell, "theirs" | "ours">): Usd {
  return usd(sumOf(ours) - sumOf(theirs));
}

export function sumOf(lines: readonly { readonly billedCost: Usd }[]): Usd {
  return usd(lines.reduce((sum, { billedCost }) => sum + billedCost, 0n));
}

const TOKENS: ReadonlySet<Component> = new Set<Component>([...TOKEN_TYPES, "tokens", "other"]);

export function isTokens(component: Component): boolean {
  return TOKENS.has(component);
}

/** What both sides say, line by line. */
export interface Sides {
  readonly theirs: readonly BilledLine[];
  readonly ours: readonly ChargedLine[];
}

/**
 * The lines such that like stands beside like: where one side does not tell token types apart, the
 * other side's are put together; what is billed by the piece has no model.
 */
export function comparable({ theirs, ours }: Sides): Sides {
  return withTokensTogether({ theirs: theirs.map(withOwnModel), ours: ours.map(withOwnModel) });
}

/** The cells of both sides, in a fixed order. */
export function cellsOf({ theirs, ours }: Sides): readonly Cell[] {
  const cells = new Map<string, Mutable<Cell>>();
  const cellOf = (line: BilledLine | ChargedLine): Mutable<Cell> => {
    const { day, workspaceId, modelId, component } = line;
    const key = JSON.stringify([day, workspaceId ?? null, modelId ?? null, component]);
    const known = cells.get(key);
    if (known !== undefined) return known;
    const fresh = { day, workspaceId, modelId, component, theirs: [], ours: [] };
    cells.set(key, fresh);
    return fresh;
  };
  for (const line of theirs) cellOf(line).theirs.push(line);
  for (const line of ours) cellOf(line).ours.push(line);
  return [...cells].toSorted(([left], [right]) => (left < right ? -1 : 1)).map(([, cell]) => cell);
}

type Mutable<T extends Cell> = Omit<T, "theirs" | "ours"> & {
  theirs: BilledLine[];
  ours: ChargedLine[];
};

/** Searches and containers are billed by the piece, whatever model asked for them. */
function withOwnModel<Line extends BilledLine | ChargedLine>(line: Line): Line {
  return isTokens(line.component) ? line : { ...line, modelId: undefined };
}

function withTokensTogether({ theirs, ours }: Sides): Sides {
  const nameOf = ({ day, workspaceId, modelId }: BilledLine | ChargedLine): string =>
    JSON.stringify([day, workspaceId, modelId]);
  const undivided = new Set(
    [...theirs, ...ours]
      .filter(({ component }) => component === "tokens" || component === "other")
      .map(nameOf),
  );
  const together = <Line extends BilledLine | ChargedLine>(line: Line): Line =>
    isTokens(line.component) && undivided.has(nameOf(line))
      ? { ...line, component: "tokens" }
      : line;
  return { theirs: theirs.map(together), ours: ours.map(together) };
}

/** Values by a key, in the order in which the keys first appear. */
export function groupBy<T>(
  values: Iterable<T>,
  keyOf: (value: T) => string,
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [value]);
    else known.push(value);
  }
  return groups;
}

export function absolute(amount: bigint): bigint {
  return amount < 0n ? -amount : amount;
}
