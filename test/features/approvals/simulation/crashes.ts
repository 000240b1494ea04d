/** A pool whose next transaction meets a failure: between statements, or around its commit. */
import type { PoolClient } from "pg";
import type { Database } from "../../../../src/store/database.ts";

export type Crash =
  /** Before the nth statement our code throws; the transaction is rolled back. */
  | { readonly kind: "throw"; readonly at: number }
  /** Before the nth statement the connection is gone, as when the process was killed. */
  | { readonly kind: "kill"; readonly at: number }
  /** The commit arrives, its answer does not. */
  | { readonly kind: "answer-lost" };

export class Crashed extends Error {}

/** Counts statements over all connections taken from it; crashes once. */
export function crashing(pool: Database, crash: Crash): Database {
  let statements = 0;
  let isDone = false;
  const broken = (client: PoolClient): PoolClient =>
    new Proxy(client, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (name !== "query")
          return typeof value === "function" ? (value.bind(target) as unknown) : value;
        return async (...args: unknown[]) => {
          statements += 1;
          const run = async (): Promise<unknown> =>
            await (target.query as (...given: unknown[]) => Promise<unknown>).apply(target, args);
          if (isDone) return await run();
          if (crash.kind === "answer-lost") {
            if (args[0] !== "commit") return await run();
            isDone = true;
            await run();
            cut(target);
            throw new Crashed("Connection terminated unexpectedly");
          }
          if (statements < crash.at) return await run();
          isDone = true;
          if (crash.kind === "kill") {
            cut(target);
            throw new Crashed("Connection terminated unexpectedly");
          }
          throw new Crashed("crashed between two statements");
        };
      },
    });
  return new Proxy(pool, {
    get(target, name) {
      if (name === "connect") return async () => broken(await target.connect());
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

function cut(client: PoolClient): void {
  const { connection } = client as unknown as {
    readonly connection: { readonly stream: { destroy(): void } };
  };
  connection.stream.destroy();
}
