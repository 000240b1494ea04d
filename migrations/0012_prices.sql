-- Prices that an operator recorded, beside those that come with the program. A row is never edited:
-- a later one for the same model and first day takes its place, and both stay for what they priced.
create table prices (
  price_number integer generated always as identity primary key, -- the later one counts
  price_id text not null unique, -- 'claude-opus-6@2026-12-01', then 'claude-opus-6@2026-12-01#2'
  model_id text not null,
  aliases text[] not null,
  residency_premium text not null check (residency_premium in ('none', 'cloud-regions', 'everywhere')),
  valid_from timestamptz, -- null: since ever
  terms jsonb not null,   -- tiers and fast mode, in dollars per million tokens as they were published
  source text not null check (source <> ''),
  recorded_at timestamptz not null,
  recorded_by text not null
);
create trigger prices_append_only before update or delete on prices
  for each row execute function refuse_change();
