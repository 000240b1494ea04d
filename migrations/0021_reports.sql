-- People who see all spend and change nothing: a copy of the governance document, as admins are.
create table finance_members (email text primary key check (email = lower(email)));
