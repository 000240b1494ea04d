-- What is one line of a storm's message waits for whoever writes that message: after the commit of
-- what found it, one destination at a time. An older version that still runs writes such messages by
-- itself, as before, and leaves these rows to the new one.

alter table alert_deliveries
  -- Set: found since then, and in no message yet.
  add column gathering_since timestamptz;
alter table alert_deliveries drop constraint alert_deliveries_check;
alter table alert_deliveries add constraint alert_deliveries_check
  check (num_nonnulls(carried_by, held_until, not_sent_because, gathering_since) = 1);
create index alert_deliveries_gathering on alert_deliveries (destination, gathering_since)
  where gathering_since is not null;
