/**
 * The demo's governance.yml: the three teams of Acme, budgets of every length, a digest for finance
 * and one for each team, and approvals in two tiers. The daily budgets are explained in episode.ts.
 *
 * Some news depend on the date, so the document does: its quarters began in the month before the
 * demo at the latest, when the organization uses more than its quarter is for and cannot have used
 * it up; and the night shift of Support sits where the day has begun not long ago.
 */
import { type Instant, localParts, MONTHS, timeZone } from "../../domain/time.ts";
import { EXAMPLE_ZONE } from "./calendar.ts";
import { benchmarkAt } from "./mishaps.ts";

/** Around the world, so that it is always early in one of them. */
const NIGHT_SHIFTS = [
  "Pacific/Auckland",
  "Asia/Tokyo",
  "Asia/Kolkata",
  "Europe/Berlin",
  "America/Sao_Paulo",
  "America/Los_Angeles",
] as const;
const EARLY_FROM_HOUR = 1;
const EARLY_UNTIL_HOUR = 11;

/** What Acme agrees on when the demo starts; `past`: from when on the bot watches. */
export function exampleGovernance({
  past,
  now,
}: {
  readonly past: Instant;
  readonly now: Instant;
}): string {
  const { month } = localParts(benchmarkAt(past), timeZone(EXAMPLE_ZONE));
  const isEarly = (zone: string): boolean => {
    const { hour } = localParts(now, timeZone(zone));
    return hour >= EARLY_FROM_HOUR && hour < EARLY_UNTIL_HOUR;
  };
  return documentOf({
    fiscalYearStartsIn: MONTHS[month - 1] ?? "january",
    nightShiftZone: NIGHT_SHIFTS.find(isEarly) ?? EXAMPLE_ZONE,
  });
}

function documentOf(of: {
  readonly fiscalYearStartsIn: string;
  readonly nightShiftZone: string;
}): string {
  return `# What Acme agreed on about its use of Claude. Applied at the start of the demo.
organization:
  name: Acme
  time_zone: ${EXAMPLE_ZONE}
  week_starts_on: monday
  fiscal_year_starts_in: ${of.fiscalYearStartsIn}
  finops_channel: "#finops"
  admins: [dana@acme.test]

teams:
  search:
    name: Search
    channel: "#team-search"
    cost_center: CC-100
    owners: [ana@acme.test]
    members: [bo@acme.test]
    projects: [checkout, ranking]
  support:
    name: Support
    channel: "#team-support"
    cost_center: CC-200
    owners: [cleo@acme.test]
    projects: [assistant, triage]
  platform:
    name: Platform
    channel: "#team-platform"
    cost_center: CC-300
    owners: [mia@acme.test]
    members: [dev@acme.test]
    projects: [ci, pipelines]

allocation: # the first match wins; people without a rule count for their team
  - { match: { api_key_id: apikey_search_rag }, to: { team: search, project: ranking } }
  - { match: { workspace_id: wrkspc_search }, to: { team: search } }
  - { match: { user_email: "*@search.acme.test" }, to: { team: search } }
  - { match: { workspace_id: wrkspc_support, tags: { feature: triage } }, to: { team: support, project: triage } }
  - { match: { workspace_id: wrkspc_support }, to: { team: support, project: assistant } }
  - { match: { api_key_id: apikey_ci_review }, to: { team: platform, project: ci } }
  - { match: { tags: { feature: backfill } }, to: { project: pipelines } }

budgets:
  - { key: search-monthly, scope: "team:search", limit: "2200.00", period: monthly, thresholds: [50, 80, 100], forecast_thresholds: [100] }
  - { key: support-monthly, scope: "team:support", limit: "700.00", period: monthly, thresholds: [50, 80, 100], forecast_thresholds: [100] }
  - { key: platform-monthly, scope: "team:platform", limit: "1800.00", period: monthly, thresholds: [50, 80, 100], forecast_thresholds: [100] }
  - { key: org-monthly, scope: org, limit: "3300.00", period: monthly, thresholds: [50, 80, 100], forecast_thresholds: [100], pace_days: 2 }
  - { key: org-quarterly, scope: org, limit: "9500.00", period: quarterly, thresholds: [100], forecast_thresholds: [100] }
  - { key: benchmarks, scope: "workspace:wrkspc_benchmarks", limit: "40.00", period: quarterly, thresholds: [80, 100], pace_days: 7 }
  - { key: support-nights, scope: "team:support", limit: "60.00", period: daily, time_zone: ${of.nightShiftZone}, thresholds: [100], notify_reset: true }
  - { key: search-daily, scope: "team:search", limit: "130.00", period: daily, thresholds: [50, 80, 100], notify_reset: true }
  - { key: per-person, scope: "each:user", limit: "200.00", period: weekly, thresholds: [75, 95] }
  - { key: per-person-daily, scope: "each:user", limit: "50.00", period: daily, thresholds: [75, 95] }

digests:
  - { channel: "#finops", scope: org, every: day, at: "09:00" }
  - { channel: "#team-search", scope: "team:search", every: week, on: monday, at: "09:30" }
  - { channel: "#team-support", scope: "team:support", every: week, on: monday, at: "09:30" }
  - { channel: "#team-platform", scope: "team:platform", every: week, on: monday, at: "09:30" }

approvals:
  - { up_to: "200.00", approvers: [team_owners], quorum: 1, expires_in: 24h, escalate_to: [dana@acme.test] }
  - { approvers: ["finops@acme.test", "slack_group:finops-leads"], quorum: 2, expires_in: 48h, escalate_to: [dana@acme.test] }

pricing:
  discounts:
    - { match: { model: "claude-opus-*" }, percent: "12.5", from: 2026-10-01 }
`;
}
