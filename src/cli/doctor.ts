/** What is wrong with an installation, and what to do about it. Changes nothing. */
import { checkAdminKey, missingLimitScopes } from "../anthropic/admin.ts";
import { readConfig } from "../app/config.ts";
import { AppError } from "../domain/errors.ts";
import { addMs, DAY_MS, type Instant } from "../domain/time.ts";
import { findSetUpCode } from "../features/onboarding/index.ts";
import { EVERYWHERE, listDead } from "../slack/dead-destinations.ts";
import { connect, type Database, type Sql } from "../store/database.ts";
import { listPendingMigrations } from "../store/migrate.ts";
import { checkAuditTrail } from "./check-audit.ts";
import { checkLimits } from "./check-limits.ts";
import { checkOrganization } from "./check-organization.ts";
import { checkReconciliation } from "./check-reconciliation.ts";
import { checkReports } from "./check-reports.ts";
import { checkInstallations, checkSlack, hasManyWorkspaces } from "./check-slack.ts";
import { checkCorrections, checkOverlaps, checkRejected } from "./check-usage-sources.ts";
import { type Check, type Finding, failed, ok, warning } from "./finding.ts";
import { withDatabase } from "./with-database.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Every check, also when an earlier one failed. */
export async function runChecks(env: Environment, now: Instant): Promise<readonly Check[]> {
  return [
    await check("settings", () => checkSettings(env)),
    ...(await checkDatabase(env, now)),
    await check("slack", async () => await checkSlack(env)),
    await check("anthropic", async () => await checkAnthropic(env)),
  ];
}

async function check(name: string, look: () => Finding | Promise<Finding>): Promise<Check> {
  try {
    return { name, ...(await look()) };
  } catch (error) {
    const message = error instanceof AppError ? error.message : String(error);
    return { name, ...failed(message) };
  }
}

function checkSettings(env: Environment): Finding {
  const result = readConfig(env);
  return result.kind === "config"
    ? ok("complete")
    : failed(`${result.problems.join("; ")}. README.md lists every setting.`);
}

async function checkDatabase(env: Environment, now: Instant): Promise<readonly Check[]> {
  try {
    return await withDatabase(env, async (database) => {
      (await connect(database)).release(); // Whether it can be reached is one finding, not seven.
      const schema = await check("schema", async () => await checkSchema(database));
      return [
        await check("database", async () => await checkServer(database)),
        schema,
        // Of an older schema the rest would only say that tables are missing.
        ...(schema.status === "ok" ? await checkContents(database, { env, now }) : []),
      ];
    });
  } catch (error) {
    const message = error instanceof AppError ? error.message : String(error);
    return [{ name: "database", ...failed(message) }];
  }
}

async function checkContents(
  database: Database,
  { env, now }: { readonly env: Environment; readonly now: Instant },
): Promise<readonly Check[]> {
  return [
    await check("governance", async () => await checkGovernance(database)),
    await check("admins", async () => await checkAdmins(database)),
    await check("usage", async () => await checkUsage(database, now)),
    await check("rejected events", async () => await checkRejected(database, now)),
    await check("overlaps", async () => await checkOverlaps(database, now)),
    await check("corrections", async () => await checkCorrections(database, now)),
    await check("messages", async () => await checkMessages(database, now)),
    await check("reports", async () => await checkReports(database, env, now)),
    await check("organization", async () => await checkOrganization(database, now)),
    await check("reconciliation", async () => await checkReconciliation(database, now)),
    await check("audit", async () => await checkAuditTrail(database)),
    await check("limits", async () => await checkLimits(database, now)),
    ...(hasManyWorkspaces(env)
      ? [await check("installations", async () => await checkInstallations(database, env, now))]
      : []),
  ];
}

const POSTGRES_VERSION_MIN = 150_000;

async function checkServer(database: Database): Promise<Finding> {
  const { rows } = await database.query<{ server_version_num: string }>("show server_version_num");
  const version = Number(rows[0]?.server_version_num ?? 0);
  return version >= POSTGRES_VERSION_MIN
    ? ok(`Postgres ${String(Math.floor(version / 10_000))}`)
    : failed("Postgres 15 or newer is needed.");
}

async function checkSchema(database: Database): Promise<Finding> {
  const pending = await listPendingMigrations(database);
  return pending.length === 0
    ? ok("up to date")
    : warning(
        `${String(pending.length)} migrations wait; the bot applies them at its next start, or run \`claude-spend migrate\`.`,
      );
}

/** Where nobody is an admin, only this and the bot's log tell how to become the first. */
async function checkAdmins(database: Database): Promise<Finding> {
  const { hasAdmin, code } = await findSetUpCode({ database });
  if (hasAdmin) return ok("there is one");
  return code === undefined
    ? warning("nobody is one yet. Start the bot: it makes a code for the first.")
    : warning(`nobody is one yet. Type \`/claude-spend setup ${code}\` in Slack.`);
}

async function checkGovernance(sql: Sql): Promise<Finding> {
  const { rows } = await sql.query<{ version: number; applied_by: string; applied_at: Date }>(
    `select g.version, g.applied_by, g.applied_at
       from governance_documents g
      order by g.version desc
      limit 1`,
  );
  const [row] = rows;
  return row === undefined
    ? warning(
        "none is applied: nobody has a team or a budget yet. Type `/claude-spend setup` in Slack, or run `claude-spend apply governance.yml`.",
      )
    : ok(
        `version ${String(row.version)}, applied by ${row.applied_by} at ${row.applied_at.toISOString()}`,
      );
}

async function checkUsage(sql: Sql, now: Instant): Promise<Finding> {
  const { rows } = await sql.query<{ events: string; unallocated_percent: number | null }>(
    `select coalesce(sum(r.request_count), 0)::text as events,
            (100 * coalesce(sum(r.billed_cost_usd) filter (where d.team_key is null), 0)
              / nullif(sum(r.billed_cost_usd), 0))::integer as unallocated_percent
       from spend_rollups r
       join spend_dimensions d on d.spend_dimension_id = r.spend_dimension_id
      where r.bucket_start >= $1`,
    [addMs(now, -DAY_MS)],
  );
  const events = rows[0]?.events ?? "0";
  if (events === "0")
    return warning(
      "no usage event of the last 24 hours. docs/usage-events.md shows how to send one.",
    );
  const share = rows[0]?.unallocated_percent ?? 0;
  const found = `${events} requests in the last 24 hours, ${String(share)} % of their cost unallocated`;
  return share > 10 ? warning(`${found}. Add allocation rules to governance.yml.`) : ok(found);
}

async function checkMessages(sql: Sql, now: Instant): Promise<Finding> {
  const { rows } = await sql.query<{ waiting: string; failed: string; example: string | null }>(
    `select count(*) filter (where o.status in ('pending', 'sending', 'unknown') and o.created_at < $1)::text as waiting,
            count(*) filter (where o.status = 'failed' and o.created_at >= $2)::text as failed,
            min(o.destination || ': ' || o.last_error) filter (where o.status = 'failed' and o.created_at >= $2) as example
       from outbox_messages o`,
    [addMs(now, -10 * 60_000), addMs(now, -7 * DAY_MS)],
  );
  const [row] = rows;
  const [closed] = await listDead(sql);
  if (closed !== undefined) {
    const where =
      closed.destination === EVERYWHERE ? "the bot" : `messages to ${closed.destination}`;
    return failed(
      `Slack refuses ${where} since ${closed.since.toISOString()} (${closed.reason}). Mend the channel, invite the bot or renew its token; what is still true is sent then.`,
    );
  }
  if (row !== undefined && row.failed !== "0") {
    return warning(
      `${row.failed === "1" ? "1 message" : `${row.failed} messages`} of the last week could not be delivered (${row.example ?? ""}). Check that channel or person.`,
    );
  }
  return row === undefined || row.waiting === "0"
    ? ok("all delivered")
    : warning(
        `${row.waiting === "1" ? "1 message waits" : `${row.waiting} messages wait`} for more than ten minutes. Is a replica with the role worker running?`,
      );
}

async function checkAnthropic(env: Environment): Promise<Finding> {
  const key = env["ANTHROPIC_ADMIN_KEY"] ?? "";
  if (key === "") return ok("no admin key: optional");
  const baseUrl = env["ANTHROPIC_BASE_URL"] ?? "";
  const access = { key, ...(baseUrl === "" ? {} : { baseUrl }) };
  const organization = await checkAdminKey(access);
  const found = `the admin key belongs to ${organization.name}`;
  // A Console key may do everything; one of Enterprise what it was made for.
  if (env["ANTHROPIC_ORG_KIND"] !== "enterprise") return ok(found);
  const missing = await missingLimitScopes(access);
  return missing.length === 0
    ? ok(`${found}, and may read and write spend limits`)
    : warning(
        `${found}, but lacks ${missing.join(" and ")}: requests for more at Anthropic can't be ${missing.includes("read:spend_limits") ? "shown" : "decided"} here. Make a key with both scopes in claude.ai > Organization settings > API.`,
      );
}
