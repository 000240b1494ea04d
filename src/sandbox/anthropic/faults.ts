/**
 * Faults on demand: the next requests meet an error of Anthropic's, an answer that is no JSON, or
 * a connection that breaks.
 */
import type { AdminErrorType } from "./errors.ts";

export type Fault =
  | {
      readonly kind: "error";
      readonly type: AdminErrorType;
      readonly message?: string;
      readonly errorCode?: string;
      readonly retryAfterSeconds?: number;
    }
  /** 200 with a body that is no JSON. */
  | { readonly kind: "malformed" }
  /** 200 with JSON of another shape. */
  | { readonly kind: "other-shape"; readonly body: object }
  /** The connection ends before, or in the middle of, the answer. */
  | { readonly kind: "close" }
  | { readonly kind: "cut-off" }
  /** No answer at all, until the caller gives up. */
  | { readonly kind: "silence" };

export interface FaultOrder {
  readonly fault: Fault;
  /** Only requests whose path ends so. */
  readonly path?: string;
  /** Lets this many matching requests through before. */
  readonly after?: number;
  readonly times?: number;
}

export interface AdminFaults {
  readonly add: (order: FaultOrder) => void;
  readonly clear: () => void;
  /** The fault for this request, used up by it; undefined when it may go through. */
  readonly take: (path: string) => Fault | undefined;
}

export function createAdminFaults(): AdminFaults {
  let pending: { readonly order: FaultOrder; skip: number; left: number }[] = [];
  return {
    add: (order) => {
      pending.push({ order, skip: order.after ?? 0, left: order.times ?? 1 });
    },
    clear: () => {
      pending = [];
    },
    take: (path) => {
      const entry = pending.find(
        ({ order }) => order.path === undefined || path.endsWith(order.path),
      );
      if (entry === undefined) return undefined;
      if (entry.skip > 0) {
        entry.skip -= 1;
        return undefined;
      }
      entry.left -= 1;
      if (entry.left <= 0) pending = pending.filter((other) => other !== entry);
      return entry.order.fault;
    },
  };
}
