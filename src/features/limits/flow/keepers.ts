/** The systems that keep limits, behind one shape: reading, writing, taking away, finding people. */
import {
  approveIncrease,
  denyIncrease,
  findIncrease,
  listPendingIncreases,
} from "../../../anthropic/increase-requests.ts";
import type { AdminReader } from "../../../anthropic/read.ts";
import {
  deleteSpendLimit,
  findLimitUser,
  readSpendLimit,
  writeSpendLimit,
} from "../../../anthropic/spend-limits.ts";
import type { CallOutcome, LimitReading, LimitSystem, LimitTarget } from "../../../domain/limit.ts";
import type { Usd } from "../../../domain/money.ts";
import {
  type LitellmAccess,
  readLitellmBudget,
  writeLitellmBudget,
} from "../../../litellm/budgets.ts";

interface At {
  readonly target: LimitTarget;
  readonly period: string;
}

/** Nothing here is tried twice: whoever asks decides that, after a look. */
export interface LimitKeeper {
  read(at: At): Promise<CallOutcome<LimitReading>>;
  write(at: At & { readonly amount: Usd }): Promise<CallOutcome<unknown>>;
  remove(at: At & { readonly limitId: string }): Promise<CallOutcome<unknown>>;
  /** Undefined: nobody of that address. */
  findUser(email: string): Promise<CallOutcome<string | undefined>>;
}

export type LimitKeepers = Readonly<Partial<Record<LimitSystem, LimitKeeper>>>;

/** Requests for more, which Claude Enterprise alone has. */
export interface IncreaseDesk {
  list: () => ReturnType<typeof listPendingIncreases>;
  find: (id: string) => ReturnType<typeof findIncrease>;
  approve: (approval: {
    readonly id: string;
    readonly limit: Usd;
    readonly period: string;
  }) => Promise<CallOutcome<unknown>>;
  deny: (id: string) => Promise<CallOutcome<unknown>>;
}

/** Anthropic itself, or the Claude apps gateway, which speaks the same shapes at its own root. */
export function spendLimitKeeper(
  reader: AdminReader,
  system: "anthropic" | "gateway",
): LimitKeeper {
  return {
    read: async (at) => await readSpendLimit(reader, at),
    write: async (at) => await writeSpendLimit(reader, at),
    remove: async ({ limitId }) => await deleteSpendLimit(reader, limitId),
    findUser: async (email) => await findLimitUser(reader, { system, email }),
  };
}

export function litellmKeeper(access: LitellmAccess): LimitKeeper {
  return {
    read: async ({ target }) => await readLitellmBudget(access, target),
    write: async ({ target, amount }) => await writeLitellmBudget(access, { target, amount }),
    remove: async ({ target }) => await writeLitellmBudget(access, { target, amount: undefined }),
    // LiteLLM is told who its users are; most tell it their address.
    findUser: async (email) => await Promise.resolve({ kind: "answer", answer: email }),
  };
}

export function increaseDesk(reader: AdminReader): IncreaseDesk {
  return {
    list: async () => await listPendingIncreases(reader),
    find: async (id) => await findIncrease(reader, id),
    approve: async (approval) => await approveIncrease(reader, approval),
    deny: async (id) => await denyIncrease(reader, id),
  };
}
