/**
 * Sends messages with charts and tables to workspaces that may not take them: when Slack refuses
 * such a block the message goes out at once without it, and the workspace is remembered, so that its
 * next message is right from the start (ADR 0028). What takes the block's place is `degrade.ts`.
 *
 * Nothing is posted twice by it: a refusal is a certain "no", any other failure is passed on.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { AppError } from "../../domain/errors.ts";
import { addMs, type Clock, DAY_MS, type Instant } from "../../domain/time.ts";
import type { Sql } from "../../store/database.ts";
import { forgetRefusals, loadRefusals, saveRefusals } from "../abilities.ts";
import type { Block } from "../block-types.ts";
import { sortSlackError } from "../web-errors.ts";
import { type DataBlockType, dataTypesIn, isDataBlockType, withoutRefused } from "./degrade.ts";
import type { Pictures, UploadPictures } from "./pictures.ts";

/** A roll-out reaches a workspace some day: then it is asked again. */
const ASK_AGAIN_MS = 7 * DAY_MS;
/** Slack looks at a picture for some seconds before a message may show it. */
const PICTURE_WAITS_MS: readonly number[] = [500, 1_000, 2_000, 4_000];
/** Slack's "later" is waited for where it is short; the rest is up to the caller. */
const RATE_LIMIT_WAIT_MAX_MS = 3_000;
const RATE_LIMIT_WAITS_MAX = 2;
/** No attempt begins later than this: with the ten seconds of a call the sender's lease holds. */
const TRY_UNTIL_MS = 18_000;

export interface DataBlocksDeps {
  readonly database: Sql;
  readonly clock: Clock;
  readonly log: Logger;
  readonly wait?: (ms: number) => Promise<unknown>;
}

/** One message on its way, to one workspace. */
export interface Sending<T> {
  readonly slackTeamId: () => Promise<string>;
  readonly blocks: readonly Block[];
  readonly attempt: (blocks: readonly Block[]) => Promise<T>;
  /**
   * What Slack said against the blocks, when the attempt failed for nothing else; undefined when it
   * failed otherwise.
   */
  readonly refusalOf: (error: unknown) => readonly string[] | undefined;
  /** Absent where a message can't show uploaded pictures. */
  readonly upload?: UploadPictures;
}

/** What was learnt on the way, from one attempt to the next. */
interface Course {
  readonly until: Instant;
  readonly refused: Set<DataBlockType>;
  /** Refused as a kind of block, as far as Slack's words tell. */
  readonly wholly: Set<DataBlockType>;
  /** Refused for something in this one block: the next one may well be taken. */
  readonly partly: Set<DataBlockType>;
  pictures: Pictures | undefined;
  pictureTries: number;
}

/** Attempts to send with as much of the blocks as the workspace takes; fails as the attempt does. */
export async function sendDataBlocks<T>(deps: DataBlocksDeps, sending: Sending<T>): Promise<T> {
  const present = dataTypesIn(sending.blocks);
  if (present.size === 0) return await sending.attempt(sending.blocks);
  const slackTeamId = await sending.slackTeamId();
  const refusals = await loadRefusals(deps.database, slackTeamId);
  const since = addMs(deps.clock(), -ASK_AGAIN_MS);
  const known = [...refusals].filter(([, at]) => at > since).map(([type]) => type);
  const course: Course = {
    until: addMs(deps.clock(), TRY_UNTIL_MS),
    refused: new Set(known),
    wholly: new Set(),
    partly: new Set(),
    pictures: undefined,
    pictureTries: 0,
  };
  try {
    const sent = await descend(deps, sending, course);
    const refused = [...course.refused].filter(
      (type) => !known.includes(type) && !course.partly.has(type),
    );
    const taken = [...present].filter((type) => refusals.has(type) && !course.refused.has(type));
    await remember(deps, slackTeamId, { refused, taken });
    return sent;
  } catch (error) {
    await remember(deps, slackTeamId, { refused: [...course.wholly], taken: [] });
    throw error;
  }
}

/** Ends: each refusal takes away a kind of block, or one of the few tries with pictures. */
async function descend<T>(deps: DataBlocksDeps, sending: Sending<T>, course: Course): Promise<T> {
  const pictures = await picturesFor(sending, course);
  const blocks = withoutRefused(sending.blocks, course.refused, pictures);
  try {
    return await patiently(deps, sending, { blocks, until: course.until });
  } catch (error) {
    const said = sending.refusalOf(error);
    if (said === undefined) throw error;
    const against = typesAgainst(said, blocks);
    if (pictures.size > 0 && against.length === 0) {
      await waitForPictures(deps, course);
    } else {
      const left = dataTypesIn(blocks);
      if (left.size === 0) throw error;
      for (const { type, isWhole } of against) (isWhole ? course.wholly : course.partly).add(type);
      const named = against.map(({ type }) => type);
      for (const type of named.length === 0 ? left : named) course.refused.add(type);
    }
    return await descend(deps, sending, course);
  }
}

async function picturesFor<T>({ blocks, upload }: Sending<T>, course: Course): Promise<Pictures> {
  if (!course.refused.has("data_visualization") || upload === undefined) return new Map();
  course.pictures ??= await upload(blocks);
  return course.pictures;
}

/** Until Slack has looked at them; after some tries the message goes without them. */
async function waitForPictures(deps: DataBlocksDeps, course: Course): Promise<void> {
  const waitMs = PICTURE_WAITS_MS[course.pictureTries];
  course.pictureTries += 1;
  if (waitMs !== undefined && addMs(deps.clock(), waitMs) < course.until) {
    await wait(deps, waitMs);
    return;
  }
  course.pictures = new Map();
  deps.log.warn({ tries: course.pictureTries }, "Slack shows no picture; text takes its place");
}

/** Waits for a rate limit that is nearly over: what it counts may be the attempt before. */
async function patiently<T>(
  deps: DataBlocksDeps,
  { attempt }: Sending<T>,
  { blocks, until }: { readonly blocks: readonly Block[]; readonly until: Instant },
): Promise<T> {
  for (let waits = 0; ; waits += 1) {
    if (deps.clock() > until) throw tooLate();
    try {
      // oxlint-disable-next-line no-await-in-loop -- one attempt after the other
      return await attempt(blocks);
    } catch (error) {
      const verdict = sortSlackError(error);
      const afterMs = verdict.kind === "retry" ? verdict.afterMs : undefined;
      const isSoon = afterMs !== undefined && afterMs <= RATE_LIMIT_WAIT_MAX_MS;
      if (!isSoon || waits >= RATE_LIMIT_WAITS_MAX) throw error;
      // oxlint-disable-next-line no-await-in-loop -- as Slack asked
      await wait(deps, afterMs);
    }
  }
}

function tooLate(): AppError {
  const message = "Slack took too long to say what it shows.";
  return new AppError({ code: "unavailable", message, retryable: true });
}

async function wait(deps: DataBlocksDeps, ms: number): Promise<void> {
  await (deps.wait ?? sleep)(ms);
}

interface Against {
  readonly type: DataBlockType;
  /** Slack's words name the block itself, not something in it. */
  readonly isWhole: boolean;
}

/** The data blocks that Slack's words point at. */
function typesAgainst(said: readonly string[], blocks: readonly Block[]): readonly Against[] {
  return said.flatMap((text) => {
    const [, index, rest = ""] = /\[json-pointer:\/blocks\/(\d+)(\/[^\]]*)?\]/.exec(text) ?? [];
    const type = index === undefined ? undefined : blocks[Number(index)]?.type;
    return type !== undefined && isDataBlockType(type)
      ? [{ type, isWhole: rest === "" || rest === "/type" }]
      : [];
  });
}

/** Never fails: by now the message is posted. */
async function remember(
  deps: DataBlocksDeps,
  slackTeamId: string,
  { refused, taken }: Readonly<Record<"refused" | "taken", readonly DataBlockType[]>>,
): Promise<void> {
  try {
    if (refused.length > 0) {
      await saveRefusals(deps.database, slackTeamId, { types: refused, at: deps.clock() });
      const fields = { slack_team_id: slackTeamId, block_types: refused };
      deps.log.info(fields, "workspace refuses blocks: others take their place for a week");
    }
    if (taken.length > 0) await forgetRefusals(deps.database, slackTeamId, taken);
  } catch (err) {
    deps.log.warn({ err, slack_team_id: slackTeamId }, "refused blocks not remembered");
  }
}
