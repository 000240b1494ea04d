/**
 * Digests, the SQL of what governance says and who would read one. Owns: digest_rules. What people
 * chose is stored by App Home.
 */
import { emailFrom } from "../../../domain/email.ts";
import { formatScope, scopeFrom } from "../../../domain/scope.ts";
import { parseTimeZone, timeZone, WEEKDAYS } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { DigestReader, DigestRule } from "../rules/plan.ts";
import type { DigestInterval } from "../rules.ts";
import { destinationColumn, destinationOf } from "./destinations.ts";

const PLAN_LOCK = 7_316_004_231;

/** Until the transaction ends nobody else changes which digests there are. */
export async function lockPlan(sql: Sql): Promise<void> {
  await sql.query(`select pg_advisory_xact_lock($1)`, [PLAN_LOCK]);
}

export async function replaceRules(sql: Sql, rules: readonly DigestRule[]): Promise<void> {
  await sql.query(`delete from digest_rules`);
  await sql.query(
    `insert into digest_rules
            (rule_key, destination, scope, every, on_weekday, on_day, at_local_time, time_zone)
     select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::integer[],
                          $7::text[], $8::text[])`,
    [
      rules.map(({ ruleKey }) => ruleKey),
      rules.map(({ target }) =>
        target.kind === "one" ? destinationColumn(target.destination) : null,
      ),
      rules.map(({ target }) =>
        target.kind === "one" ? formatScope(target.scope) : `each:${target.of}`,
      ),
      rules.map(({ every }) => every),
      rules.map(({ onWeekday }) => onWeekday ?? null),
      rules.map(({ onDay }) => onDay ?? null),
      rules.map(({ atLocalTime }) => atLocalTime),
      rules.map(({ zone }) => zone ?? null),
    ],
  );
}

export async function listRules(sql: Sql): Promise<readonly DigestRule[]> {
  const { rows } = await sql.query<{
    readonly rule_key: string;
    readonly destination: string | null;
    readonly scope: string;
    readonly every: DigestInterval;
    readonly on_weekday: string | null;
    readonly on_day: number | null;
    readonly at_local_time: string;
    readonly time_zone: string | null;
  }>(
    `select r.rule_key, r.destination, r.scope, r.every, r.on_weekday, r.on_day, r.at_local_time,
            r.time_zone
       from digest_rules r
      order by r.rule_key`,
  );
  return rows.map((row) => ({
    ruleKey: row.rule_key,
    target:
      row.destination === null
        ? { kind: "each", of: row.scope === "each:team" ? "team" : "user" }
        : { kind: "one", scope: scopeFrom(row.scope), destination: destinationOf(row.destination) },
    every: row.every,
    onWeekday: WEEKDAYS.find((day) => day === row.on_weekday),
    onDay: row.on_day ?? undefined,
    atLocalTime: row.at_local_time,
    zone: row.time_zone === null ? undefined : timeZone(row.time_zone),
  }));
}

/**
 * Whoever chose something, and with `named` everybody whom governance names, each with the zone that
 * they chose or have in Slack.
 */
export async function listReaders(
  sql: Sql,
  { named }: { readonly named: boolean },
): Promise<readonly DigestReader[]> {
  const { rows } = await sql.query<{
    readonly email: string;
    readonly is_named: boolean;
    readonly every: "off" | DigestInterval | null;
    readonly at_local_time: string | null;
    readonly time_zone: string | null;
  }>(
    `with named as (
       select a.email from admins a
        union
       select f.email from finance_members f
        union
       select m.email from team_members m
     )
     select coalesce(c.email, n.email) as email, n.email is not null as is_named, c.every,
            c.at_local_time,
            coalesce(p.time_zone,
                     (select u.time_zone
                        from slack_users u
                       where u.email = coalesce(c.email, n.email) and u.time_zone is not null
                       order by u.seen_at desc
                       limit 1)) as time_zone
       from person_digest_preferences c
       full join named n on n.email = c.email
       left join alert_preferences p on p.email = coalesce(c.email, n.email)
      where $1 or c.every <> 'off'
      order by 1`,
    [named],
  );
  return rows.map(({ email, is_named: isNamed, every, at_local_time: at, time_zone: zone }) => ({
    email: emailFrom(email),
    zone: zone === null ? undefined : parseTimeZone(zone),
    isNamed,
    choice:
      every === null || at === null
        ? undefined
        : every === "off"
          ? { every }
          : { every, atLocalTime: at },
  }));
}
