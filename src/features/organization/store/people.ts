/** The organization, the SQL of one person's authority: what they own, are members of and answer for. Only reads. */
import { type Email, emailFrom } from "../../../domain/email.ts";
import { instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { Person } from "../rules.ts";

/** Of one person, whose address is $1. */
export interface PersonRow {
  readonly is_admin: boolean;
  readonly is_finance: boolean;
  readonly owned_teams: string[];
  readonly member_teams: string[];
  readonly answers_for: string[];
  readonly elsewhere: readonly {
    readonly kind: "user" | "project";
    readonly key: string;
    readonly until: string;
  }[];
}

/**
 * Of the people and projects of the teams that $1 owns, those with spend of teams that $1 does not
 * own, and the end of its last day (UTC). Spend of no team is nobody's secret.
 */
const ELSEWHERE = `(
       with owned as (
         select m.team_key from team_members m where m.email = $1 and m.role = 'owner'
       ), theirs (kind, key) as (
         select distinct 'user', m.email from team_members m where m.team_key in (select * from owned)
          union all
         select 'project', p.project_key from projects p where p.team_key in (select * from owned)
       ), others as (
         select t.kind, t.key, d.spend_dimension_id
           from theirs t join spend_dimensions d on t.kind = 'user' and d.user_email = t.key
          where d.team_key not in (select * from owned)
          union all
         select t.kind, t.key, d.spend_dimension_id
           from theirs t join spend_dimensions d on t.kind = 'project' and d.project_key = t.key
          where d.team_key not in (select * from owned)
       )
       select coalesce(json_agg(json_build_object('kind', e.kind, 'key', e.key, 'until', e.until)
                                order by e.kind, e.key), '[]')
         from (select o.kind, o.key, max(s.day_start) + interval '1 day' as until
                 from others o
                cross join lateral (select s.day_start from spend_days s
                                     where s.spend_dimension_id = o.spend_dimension_id
                                       and s.request_count > 0
                                     order by s.day_start desc limit 1) s
                where o.key <> $1
                group by o.kind, o.key) e)`;
/** For PERSON_COLUMNS: what $1 answers for, whoever answers for it in between. */
export const PERSON_TABLES = `with recursive programs as (
       select s.address from service_accounts s where s.responsible = $1
        union
       select s.address from service_accounts s join programs p on p.address = s.responsible)`;

export const PERSON_COLUMNS = `exists (select from admins a where a.email = $1) as is_admin,
            exists (select from finance_members f where f.email = $1) as is_finance,
            array(select m.team_key from team_members m
                   where m.email = $1 and m.role = 'owner' order by m.team_key) as owned_teams,
            array(select m.team_key from team_members m
                   where m.email = $1 and m.role = 'member' order by m.team_key) as member_teams,
            array(select p.address from programs p order by p.address) as answers_for,
            ${ELSEWHERE} as elsewhere`;

/** Whoever has that address; nobody needs to be registered to be a person. */
export async function loadPerson(sql: Sql, email: Email): Promise<Person> {
  const { rows } = await sql.query<PersonRow>(`${PERSON_TABLES} select ${PERSON_COLUMNS}`, [email]);
  return personFromRow(email, rows[0]);
}

export function personFromRow(email: Email, row: PersonRow | undefined): Person {
  const elsewhere = (row?.elsewhere ?? []).map(({ kind, key, until }) => ({
    scope: { kind, key },
    until: instant(until),
  }));
  return {
    email,
    isAdmin: row?.is_admin ?? false,
    ...(row?.is_finance === true ? { isFinance: true } : {}),
    ownedTeams: row?.owned_teams ?? [],
    memberTeams: row?.member_teams ?? [],
    ...(row === undefined || row.answers_for.length === 0
      ? {}
      : { answersFor: row.answers_for.map(emailFrom) }),
    ...(elsewhere.length === 0 ? {} : { elsewhere }),
  };
}
