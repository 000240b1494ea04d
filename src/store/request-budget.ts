/**
 * How many requests we may make of another product in a minute, counted for all replicas together.
 * The row's lock makes them take turns; the instants are the callers' own.
 */
import { addMs, type Instant, instant, MINUTE_MS } from "../domain/time.ts";
import { type Database, inTransaction } from "./database.ts";

/** Takes a turn, or says how long to wait before asking again. */
export async function takeRequest(
  database: Database,
  asked: { readonly budget: string; readonly perMinute: number; readonly now: Instant },
): Promise<{ readonly kind: "taken" } | { readonly kind: "wait"; readonly ms: number }> {
  const { budget, perMinute, now } = asked;
  return await inTransaction(database, async (sql) => {
    await sql.query(
      `insert into request_budgets (budget, recent) values ($1, '{}') on conflict (budget) do nothing`,
      [budget],
    );
    const { rows } = await sql.query<{ recent: Date[]; blocked_until: Date | null }>(
      `select b.recent, b.blocked_until
         from request_budgets b
        where b.budget = $1
          for update`,
      [budget],
    );
    const [row] = rows;
    const recent = (row?.recent ?? []).filter((at) => at > addMs(now, -MINUTE_MS));
    const blockedMs = (row?.blocked_until?.getTime() ?? 0) - now.getTime();
    if (blockedMs > 0) return { kind: "wait", ms: blockedMs };
    const [oldest] = recent.toSorted((left, right) => left.getTime() - right.getTime());
    if (oldest !== undefined && recent.length >= perMinute) {
      return { kind: "wait", ms: oldest.getTime() + MINUTE_MS - now.getTime() };
    }
    await sql.query(`update request_budgets set recent = $2 where budget = $1`, [
      budget,
      [...recent, now].map((at) => at.toISOString()),
    ]);
    return { kind: "taken" };
  });
}

/** Nobody takes a turn before `until`: the other product asked for silence. */
export async function blockRequests(
  database: Database,
  { budget, until }: { readonly budget: string; readonly until: Instant },
): Promise<void> {
  await database.query(
    `insert into request_budgets as b (budget, recent, blocked_until)
     values ($1, '{}', $2)
         on conflict (budget) do update
        set blocked_until = greatest(b.blocked_until, excluded.blocked_until)`,
    [budget, instant(until)],
  );
}
