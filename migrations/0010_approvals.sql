-- Approvals that move money: chains, conditions, delegation, automatic approval under a ceiling,
-- questions, reminders, raises that end or are ended early.

-- Policies -----------------------------------------------------------------------------------------

-- Its conditions, steps and automatic approval as governance.yml says them. Null: only the columns
-- beside it hold, as one step without conditions.
alter table approval_policies add column rule jsonb;

-- What was granted without a person, by policy and period. One row counts, so that two simultaneous
-- requests can't both take what is left of the ceiling.
create table approval_auto_spend (
  counter_key text not null,
  period text not null check (period in ('daily', 'weekly', 'monthly', 'quarterly', 'yearly')),
  period_start timestamptz not null,
  used_usd numeric(30, 12) not null check (used_usd > 0),
  primary key (counter_key, period, period_start)
);

-- Requests -----------------------------------------------------------------------------------------

alter table approval_requests
  -- For whom: like the requester, never among those who decide. Null: the requester.
  add column beneficiary_email text,
  -- The form or command that made it: submitted twice it is one request.
  add column idempotency_key text unique,
  -- Who has a card. Says nothing about who may decide.
  add column asked text[] not null default '{}',
  -- Whose voice is wanted now, as of the last change; authority is judged at the click.
  add column waiting_for text[] not null default '{}',
  add column next_reminder_at timestamptz,
  add column escalates_at timestamptz,
  -- Approved under a policy's ceiling, by nobody.
  add column is_automatic boolean not null default false,
  add column approved_ends_at timestamptz,
  add column revoked_by text,
  add column revoked_at timestamptz,
  add column revocation_reason text;

update approval_requests as r
   set asked = coalesce((select array_agg(a.email order by a.position)
                           from jsonb_array_elements_text(r.policy -> 'asked')
                                with ordinality as a (email, position)), '{}'),
       escalates_at = case when jsonb_array_length(coalesce(r.policy -> 'escalate_to', '[]')) > 0
                           then r.requested_at + (r.expires_at - r.requested_at) / 2 end,
       approved_ends_at = case when r.status = 'applied' then r.ends_at end;

update approval_requests as r
   set waiting_for = coalesce((select array_agg(a.email)
                                 from unnest(r.asked) as a (email)
                                where not exists (
                                        select from approval_votes v
                                         where v.approval_request_id = r.approval_request_id
                                           and v.approver_email = a.email)), '{}')
 where r.status = 'requested';

alter table approval_requests drop constraint approval_requests_check;
alter table approval_requests
  add constraint approval_requests_decided
    check ((status in ('applied', 'denied')) = (decided_by is not null or is_automatic)),
  add constraint approval_requests_automatic check (not is_automatic or status = 'applied'),
  add constraint approval_requests_revoked
    check ((revoked_at is null) = (revoked_by is null)
           and (revoked_at is null or status = 'applied'));

create index approval_requests_reminder on approval_requests (next_reminder_at)
  where status = 'requested' and next_reminder_at is not null;
create index approval_requests_escalation on approval_requests (escalates_at)
  where status = 'requested' and escalates_at is not null;
create index approval_requests_waiting on approval_requests using gin (waiting_for)
  where status = 'requested';
create index approval_requests_subject on approval_requests (kind, (subject ->> 'budget_id'), requested_at);

-- What was asked for, and under which policy, is frozen; and what was decided stays decided.
create function keep_request_frozen() returns trigger language plpgsql as $$
begin
  if (new.approval_request_id, new.kind, new.scope, new.subject, new.requester_email,
      new.beneficiary_email, new.requested_amount_usd, new.ends_at, new.reason, new.policy - 'asked',
      new.requested_at, new.expires_at, new.idempotency_key)
     is distinct from
     (old.approval_request_id, old.kind, old.scope, old.subject, old.requester_email,
      old.beneficiary_email, old.requested_amount_usd, old.ends_at, old.reason, old.policy - 'asked',
      old.requested_at, old.expires_at, old.idempotency_key)
     or (old.status <> 'requested'
         and (new.status, new.approved_amount_usd, new.approved_ends_at, new.decided_by,
              new.decided_at, new.decision_reason, new.is_automatic)
             is distinct from
             (old.status, old.approved_amount_usd, old.approved_ends_at, old.decided_by,
              old.decided_at, old.decision_reason, old.is_automatic))
     or (old.revoked_at is not null
         and (new.revoked_at, new.revoked_by) is distinct from (old.revoked_at, old.revoked_by))
  then
    raise exception 'approval_requests: what was asked and decided does not change'
      using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger approval_requests_frozen before update on approval_requests
  for each row execute function keep_request_frozen();

-- Votes --------------------------------------------------------------------------------------------

alter table approval_votes
  -- The absent person in whose place the approver spoke.
  add column for_email text,
  -- From 0: the steps of the policy in which the voice counts, by the approver's authority then.
  add column steps integer[] not null default '{0}',
  -- A shorter time than was asked for; null: all of it.
  add column ends_at timestamptz;
-- One mandate speaks once: not the absent person and their delegate both.
create unique index approval_votes_mandate
  on approval_votes (approval_request_id, coalesce(for_email, approver_email));

-- Delegation, questions -----------------------------------------------------------------------------

-- Who decides in whose place, until when. At most one at a time for a person.
create table approval_delegations (
  delegation_id text primary key,
  from_email text not null,
  to_email text not null check (to_email <> from_email),
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  ended_at timestamptz, -- taken back, or replaced by another one
  check (starts_at < ends_at)
);
create unique index approval_delegations_one on approval_delegations (from_email) where ended_at is null;
create index approval_delegations_to on approval_delegations (to_email) where ended_at is null;

-- What approvers asked, and what they were answered.
create table approval_questions (
  question_id text primary key,
  approval_request_id text not null references approval_requests (approval_request_id),
  asked_by text not null,
  question text not null,
  asked_at timestamptz not null
);
create index approval_questions_request on approval_questions (approval_request_id, asked_at);
create trigger approval_questions_append_only before update or delete on approval_questions
  for each row execute function refuse_change();
create table approval_answers (
  question_id text primary key references approval_questions (question_id), -- one answer each
  answered_by text not null,
  answer text not null,
  answered_at timestamptz not null
);
create trigger approval_answers_append_only before update or delete on approval_answers
  for each row execute function refuse_change();

-- Grants: what ends them ------------------------------------------------------------------------------

-- A running raise that was taken back. The grant itself stays as it was decided.
create table budget_grant_revocations (
  grant_id text primary key references budget_grants (grant_id),
  revoked_by text not null,
  revoked_at timestamptz not null,
  reason text not null
);
create trigger budget_grant_revocations_append_only before update or delete on budget_grant_revocations
  for each row execute function refuse_change();

-- That the end of a grant was noticed and said: once, also after a time of standing still.
create table budget_grant_endings (
  grant_id text primary key references budget_grants (grant_id),
  noticed_at timestamptz not null
);
create trigger budget_grant_endings_append_only before update or delete on budget_grant_endings
  for each row execute function refuse_change();
insert into budget_grant_endings (grant_id, noticed_at)
select g.grant_id, now() from budget_grants g where g.valid_until <= now();
create index budget_grants_valid_until on budget_grants (valid_until);

-- Each grant with the instant at which it really ends: what is in force at an instant is the base
-- limit plus the grants whose [valid_from, ends_at) contains it.
create view budget_grant_terms as
select g.grant_id, g.budget_id, g.member_key, g.amount_usd, g.valid_from, g.valid_until,
       g.approval_request_id, r.revoked_at, r.revoked_by,
       least(g.valid_until, r.revoked_at) as ends_at
  from budget_grants g
  left join budget_grant_revocations r on r.grant_id = g.grant_id;

-- App Home --------------------------------------------------------------------------------------------

-- Whose Home may be open: it is brought up to date after a decision.
create table home_visits (
  slack_user_id text primary key,
  email text not null,
  visited_at timestamptz not null
);
create index home_visits_email on home_visits (email);
