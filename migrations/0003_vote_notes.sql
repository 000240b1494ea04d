-- What an approver wants the requester to know, kept with their voice: of several voices each has one.
alter table approval_votes add column note text;

-- Whose calendar says which day `ends_at` is the end of. Null: asked for before it was kept.
alter table approval_requests add column time_zone text;
