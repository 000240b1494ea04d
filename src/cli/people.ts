/** `claude-spend people`: under which names people use Claude, as admins see and set it. */
import { userInfo } from "node:os";
import { type Email, parseEmail } from "../domain/email.ts";
import { AppError } from "../domain/errors.ts";
import { type ExternalIdentity, formatIdentity, parseIdentity } from "../domain/identity.ts";
import { type Clock, type Instant, parseLocalDate } from "../domain/time.ts";
import { loadOrganization } from "../features/organization/index.ts";
import { linkPerson, listLinks, type PeopleDeps, unlinkPerson } from "../features/people/index.ts";
import { migrate } from "../store/migrate.ts";
import type { DefineCommand, Report } from "./command.ts";
import { withDatabase } from "./with-database.ts";

interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

const IDENTITY_ARGUMENT =
  "email:ADDRESS, slack_user:ID, anthropic_user:ID, anthropic_account:UUID or gateway_user:SOURCE/ID";

export function definePeopleCommands(define: DefineCommand, surroundings: Surroundings): void {
  define("list", "Every name that is linked to somebody.", async (text) => {
    const person = text === "" ? undefined : emailOf(text);
    return await within(surroundings, async (deps) => listReport(await listLinks(deps, person)));
  }).argument("[email]", "only of this person");

  define(
    "link",
    "Say that a name is somebody's: its usage counts as theirs.",
    async (text, options, all) => {
      const identity = identityOf(text);
      const person = emailOf(all[1] ?? "");
      return await within(surroundings, async (deps) => {
        const from = await dayOf(deps, options["from"], "--from");
        const result = await linkPerson(deps, { identity, person, from, actor: actor() });
        const name = formatIdentity(identity);
        if (result.kind === "taken") {
          return {
            text: `${name} is linked to ${result.by ?? "somebody"} in that time. Run \`claude-spend people unlink\` first.`,
            json: { linked: false, taken_by: result.by ?? null },
            isFailed: true,
          };
        }
        return {
          text: `${name} is ${person} ${from === undefined ? "since ever" : `from ${from.toISOString()} on`}. Usage that was recorded stays as it is until \`claude-spend reprice --owners\`.`,
          json: { linked: true },
        };
      });
    },
  )
    .argument("<identity>", IDENTITY_ARGUMENT)
    .argument("<email>", "the person")
    .option("--from <day>", "first day, in the organization's time zone (default: since ever)");

  define("unlink", "Say that a name is nobody's any more.", async (text, options) => {
    const identity = identityOf(text);
    return await within(surroundings, async (deps) => {
      const until = await dayOf(deps, options["until"], "--until");
      const isEnded = await unlinkPerson(deps, { identity, until, actor: actor() });
      const name = formatIdentity(identity);
      return {
        text: isEnded
          ? `${name} is nobody's any more.`
          : `${name} is linked to nobody at that time.`,
        json: { unlinked: isEnded },
        isFailed: !isEnded,
      };
    });
  })
    .argument("<identity>", IDENTITY_ARGUMENT)
    .option("--until <day>", "the first day on which it is no longer theirs (default: now)");
}

async function within(
  { env, clock }: Surroundings,
  work: (deps: PeopleDeps) => Promise<Report>,
): Promise<Report> {
  return await withDatabase(env, async (database) => {
    await migrate(database);
    return await work({ database, clock });
  });
}

function listReport(links: Awaited<ReturnType<typeof listLinks>>): Report {
  const day = (at: Instant | undefined): string => at?.toISOString().slice(0, 10) ?? "…";
  return {
    text:
      links.length === 0
        ? "No names are linked to anybody."
        : links
            .map(
              (link) =>
                `${link.person.padEnd(32)} ${formatIdentity(link).padEnd(40)} ${day(link.from)} to ${day(link.until)}  ${link.verifiedBy}`,
            )
            .join("\n"),
    json: {
      links: links.map((link) => ({
        person: link.person,
        identity: formatIdentity(link),
        from: link.from ?? null,
        until: link.until ?? null,
        verified_by: link.verifiedBy,
        linked_by: link.linkedBy,
      })),
    },
  };
}

function identityOf(text: string): ExternalIdentity {
  const identity = parseIdentity(text);
  const isAddress = identity?.kind !== "email" || parseEmail(identity.externalId) !== undefined;
  if (identity !== undefined && isAddress) return identity;
  throw new AppError({ code: "invalid", message: `Expected ${IDENTITY_ARGUMENT}, got ${text}.` });
}

function emailOf(text: string): Email {
  const email = parseEmail(text);
  if (email !== undefined) return email;
  throw new AppError({ code: "invalid", message: `Expected an e-mail address, got ${text}.` });
}

async function dayOf(
  { database }: PeopleDeps,
  text: unknown,
  option: string,
): Promise<Instant | undefined> {
  if (typeof text !== "string") return undefined;
  const { timeZone } = await loadOrganization({ database });
  const day = parseLocalDate(text, timeZone);
  if (day !== undefined) return day;
  throw new AppError({
    code: "invalid",
    message: `${option}: expected a day such as 2026-11-01, got ${text}.`,
  });
}

function actor(): string {
  return `command line (${userInfo().username})`;
}
