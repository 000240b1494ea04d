/** Digests that somebody asks for: a look at one, and posting one at once. */
import type { Email } from "../../../domain/email.ts";
import { formatScope, type Scope } from "../../../domain/scope.ts";
import type { Clock, Instant } from "../../../domain/time.ts";
import { enqueueMessage } from "../../../slack/outbox.ts";
import { recordAudit } from "../../../store/audit.ts";
import { type Database, inTransaction, type Sql } from "../../../store/database.ts";
import { mayPlanFor, type Person, type Team } from "../../organization/index.ts";
import { type Question, type QuestionRefusal, readQuestion } from "../../showback/index.ts";
import { type DigestContent, digestMessage } from "../messages.ts";
import type { Withheld } from "../rules/audience.ts";
import { digestsOf, formatDigestRef, ownChannel, parseDigestCommand } from "../rules/command.ts";
import { type Digest, type DigestInterval, type DigestSpan, digestSpan } from "../rules.ts";
import { listDigests, lockDigestsOf, updateSlots } from "../store/digests.ts";
import { lockPlan } from "../store/plan.ts";
import { findOutsiders, type ReadersOf } from "./audience.ts";
import { loadContents } from "./content.ts";

export interface AskDeps {
  readonly database: Database;
  readonly clock: Clock;
  /** Absent: governance is trusted with every channel. */
  readonly readersOf?: ReadersOf | undefined;
}

/** One digest that somebody asks about, with all that decides what it is. */
interface Asked {
  readonly question: Question;
  readonly every: DigestInterval;
  readonly digests: readonly Digest[];
  readonly span: DigestSpan;
  readonly zone: Digest["zone"];
  readonly now: Instant;
}

export interface DigestPreview {
  readonly kind: "preview";
  readonly content: DigestContent;
  /** Where and when it is posted by itself. */
  readonly digests: readonly Digest[];
  /** Names it to the button that posts it now; undefined: the asker may not, or it has no channel. */
  readonly sendable: { readonly ref: string; readonly channel: string } | undefined;
}

/** What the digest of the last whole span would be, for somebody who may see its scope. */
export async function previewDigest(
  deps: AskDeps,
  asker: Email,
  text: string,
): Promise<DigestPreview | QuestionRefusal> {
  const asked = await readAsked(deps, asker, text);
  if (asked.kind !== "asked") return asked;
  const { question, every, digests } = asked.asked;
  const { scope, person, teams } = question;
  const content = await loadAsked(deps.database, asked.asked, asker);
  const channel = channelOf(asked.asked);
  const isSendable = channel !== undefined && maySend(person, scope, teams);
  return {
    kind: "preview",
    content,
    digests,
    sendable: isSendable ? { ref: formatDigestRef({ scope, every }), channel } : undefined,
  };
}

export type SendResult =
  | QuestionRefusal
  | { readonly kind: "sent"; readonly name: string; readonly channel: string }
  | { readonly kind: "already-told"; readonly name: string; readonly channel: string }
  | { readonly kind: "no-channel"; readonly name: string }
  | {
      readonly kind: "withheld";
      readonly name: string;
      readonly channel: string;
      readonly why: Withheld;
    }
  | { readonly kind: "own-only" }
  | { readonly kind: "may-not-send"; readonly name: string };

/**
 * Posts the digest of the last whole span to its channel, on record. A channel is told of a span
 * once: one that was told, on schedule or by hand, is not told again, and a slot still to come for
 * the same span finds it told.
 */
export async function sendDigestNow(
  deps: AskDeps,
  asker: Email,
  text: string,
): Promise<SendResult> {
  const read = await readAsked(deps, asker, text);
  if (read.kind !== "asked") return read;
  const { asked } = read;
  const { scope, person, teams } = asked.question;
  if (scope.kind === "user") return { kind: "own-only" };
  const content = await loadAsked(deps.database, asked, undefined);
  const { name } = content;
  if (!maySend(person, scope, teams)) return { kind: "may-not-send", name };
  const channel = channelOf(asked);
  if (channel === undefined) return { kind: "no-channel", name };
  const { database, readersOf } = deps;
  const why =
    readersOf === undefined
      ? undefined
      : await findOutsiders({ database, readersOf }, { channel, scope });
  if (why !== undefined) return { kind: "withheld", name, channel, why };
  return await inTransaction(deps.database, async (sql) => {
    const isNew = await postOnce(sql, { asked, channel, content, actor: asker });
    return { kind: isNew ? "sent" : "already-told", name, channel };
  });
}

async function postOnce(
  sql: Sql,
  {
    asked,
    channel,
    content,
    actor,
  }: {
    readonly asked: Asked;
    readonly channel: string;
    readonly content: DigestContent;
    readonly actor: Email;
  },
): Promise<boolean> {
  const { question, every, span, now } = asked;
  await lockPlan(sql); // Two who click at once: the second finds it told.
  const here = digestsOf(await lockDigestsOf(sql, question.scope), question.scope, every).filter(
    ({ destination }) => "channel" in destination && destination.channel === channel,
  );
  if (here.some(({ toldThrough }) => toldThrough !== undefined && toldThrough >= span.through)) {
    return false;
  }
  const scope = formatScope(question.scope);
  const isNew = await enqueueMessage(
    sql,
    {
      dedupeKey: `digest-now:${scope}:${every}:${span.through}:${channel}`,
      kind: "digest",
      destination: { channel },
      message: digestMessage(content),
    },
    now,
  );
  if (!isNew) return false;
  await updateSlots(
    sql,
    here.map(({ digestKey, nextRunAt: next }) => ({ digestKey, next, toldThrough: span.through })),
  );
  await recordAudit(sql, {
    occurredAt: now,
    actor,
    action: "digest.sent",
    subject: `digest:${scope}`,
    after: { every, channel, through: span.through },
  });
  return true;
}

/** Whoever may say what is to be expected of a scope may also say when its channel is told. */
function maySend(person: Person, scope: Scope, teams: readonly Team[]): boolean {
  return scope.kind !== "user" && mayPlanFor(person, scope, teams);
}

function channelOf({ question, digests }: Asked): string | undefined {
  for (const { destination } of digests) {
    if ("channel" in destination) return destination.channel;
  }
  return ownChannel(question.scope, question.organization, question.teams);
}

async function readAsked(
  deps: AskDeps,
  asker: Email,
  text: string,
): Promise<{ readonly kind: "asked"; readonly asked: Asked } | QuestionRefusal> {
  const command = parseDigestCommand(text);
  const question = await readQuestion(deps, {
    asker,
    text: command.scopeText,
    otherwise: (person) => defaultScope(person),
  });
  if (question.kind !== "asked") {
    return command.every === undefined ? question : { ...question, period: command.every };
  }
  const { scope, organization, now } = question;
  const digests = digestsOf(await listDigests(deps.database), scope, command.every);
  const every = command.every ?? digests[0]?.every ?? "week";
  const sameInterval = digests.filter((digest) => digest.every === every);
  const zone = sameInterval[0]?.zone ?? organization.timeZone;
  const span = digestSpan({ every, zone }, now, organization);
  return {
    kind: "asked",
    asked: { question, every, digests: sameInterval, span, zone, now },
  };
}

/** Finance asks about everybody, an owner about their team, everybody else about themselves. */
function defaultScope(person: Person): string {
  if (person.isAdmin || person.isFinance === true) return "org";
  const [team] = person.ownedTeams;
  return team === undefined ? "me" : `team:${team}`;
}

/** As its readers see it; as `reader` does where it is their own. */
async function loadAsked(
  database: Database,
  { question, every, zone, span, now }: Asked,
  reader: Email | undefined,
): Promise<DigestContent> {
  const { scope } = question;
  const isOwn = scope.kind === "user" && scope.key === reader;
  const [content] = await loadContents(database, { every, zone, span, asOf: now }, [
    { scope, reader: isOwn ? reader : undefined },
  ]);
  if (content === undefined) throw new Error("assertion failed: a subject has its content");
  return content;
}
