-- Which kinds of blocks a workspace refused, and when. What it refuses it is not asked for some days,
-- so that its messages arrive at once in a form that it shows; a kind that it takes has no row.
create table slack_abilities (
  slack_team_id text not null,
  block_type text not null check (block_type in ('data_visualization', 'data_table', 'table')),
  refused_at timestamptz not null,
  primary key (slack_team_id, block_type)
);
