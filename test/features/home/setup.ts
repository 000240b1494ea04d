/** What the tests of Home share: a Slack that knows hashes, limits and leavers, and how to open Home. */
import { WebAPIPlatformError, WebAPIRateLimitedError } from "@slack/web-api";
import { pino } from "pino";
import { type Email, emailFrom } from "../../../src/domain/email.ts";
import { homeListeners, refreshHomes } from "../../../src/features/home/index.ts";
import type { Block, HomeView } from "../../../src/slack/blocks.ts";
import type { SlackActor, SlackListeners, Subcommand } from "../../../src/slack/listener.ts";
import type { SlackWeb } from "../../../src/slack/web.ts";
import type { Database } from "../../../src/store/database.ts";
import { manualClock } from "../../support/clock.ts";
import { recordingWeb } from "../../support/recording-web.ts";
import { homeProblems, shownLines } from "../../support/shown.ts";

const TEAM = "T1";

/** The Homes of one workspace, as Slack keeps them. */
export interface HomesInSlack {
  readonly web: SlackWeb;
  /** Slack user ids in the order of their publishes. */
  readonly published: string[];
  readonly linesOf: (slackUserId: string) => readonly string[];
  /** Fails the next publishes so. */
  readonly failNext: (...errors: readonly Error[]) => void;
  /** What happens before the next publish takes effect, for races. */
  readonly beforeNext: (work: () => Promise<void>) => void;
}

function homesInSlack(): HomesInSlack {
  const shown = new Map<string, { readonly hash: string; readonly view: HomeView }>();
  const published: string[] = [];
  const failures: Error[] = [];
  const before: (() => Promise<void>)[] = [];
  return {
    published,
    failNext: (...errors) => failures.push(...errors),
    beforeNext: (work) => before.push(work),
    linesOf: (slackUserId) => shownLines(shown.get(slackUserId)?.view.blocks ?? []),
    web: {
      ...recordingWeb().web,
      publishHome: async (slackUserId, view, replacing) => {
        await before.shift()?.();
        const failure = failures.shift();
        if (failure !== undefined) throw failure;
        if (homeProblems(view).length > 0) throw new Error(JSON.stringify(homeProblems(view)));
        if (replacing !== undefined && replacing !== shown.get(slackUserId)?.hash) {
          throw slackError("hash_conflict");
        }
        const hash = `h${String(published.length + 1)}`;
        shown.set(slackUserId, { hash, view });
        published.push(slackUserId);
        return { hash };
      },
    },
  };
}

export interface HomeInTest {
  readonly clock: ReturnType<typeof manualClock>;
  readonly slack: HomesInSlack;
  readonly listeners: SlackListeners;
  readonly people: Map<string, string | undefined>;
  readonly open: (slackUserId: string) => Promise<void>;
  readonly click: (
    slackUserId: string,
    actionId: string,
    value: string,
  ) => Promise<readonly { readonly blocks: readonly Block[] }[]>;
  /** What a worker does when it wakes; how much there was to do. */
  readonly work: (database?: Database) => Promise<number>;
  /** Until nothing is left to do now. */
  readonly settle: () => Promise<void>;
}

/** Home with these people in Slack. `commands` answer buttons. */
export function aHome(
  database: Database,
  options: {
    readonly at: string;
    readonly people: Readonly<Record<string, string | undefined>>;
    readonly commands?: ReadonlyMap<string, Subcommand>;
  },
): HomeInTest {
  const clock = manualClock(options.at);
  const slack = homesInSlack();
  const people = new Map(Object.entries(options.people));
  const deps = {
    database,
    clock: clock.clock,
    parts: [],
    commands: () => options.commands ?? new Map<string, Subcommand>(),
  };
  const emailOf = (slackUserId: string): Email | undefined => {
    const email = people.get(slackUserId);
    return email === undefined ? undefined : emailFrom(email);
  };
  const actorOf = (slackUserId: string): SlackActor => ({
    slackUserId,
    slackTeamId: TEAM,
    email: emailOf(slackUserId),
  });
  const listeners = homeListeners(deps);
  const work = async (replica: Database = database): Promise<number> =>
    await refreshHomes({
      ...deps,
      database: replica,
      log: pino({ level: "silent" }),
      webOf: async () => await Promise.resolve(slack.web),
      directory: {
        loadSlackUser: async (slackUserId) =>
          await Promise.resolve({
            slackUserId,
            email: emailOf(slackUserId),
            displayName: slackUserId,
            timeZone: undefined,
          }),
      },
    });
  return {
    clock,
    slack,
    listeners,
    people,
    work,
    open: async (slackUserId) => {
      await listeners.home?.run({ actor: actorOf(slackUserId), web: slack.web });
    },
    click: async (slackUserId, actionId, value) => {
      const { web, modals } = recordingWeb();
      const sent: { readonly blocks: readonly Block[] }[] = [];
      const respond = async (message: { readonly blocks: readonly Block[] }): Promise<void> => {
        sent.push(message);
        await Promise.resolve();
      };
      await listeners.actions
        ?.find((action) => action.actionId === actionId)
        ?.run({
          actor: actorOf(slackUserId),
          web: {
            ...web,
            publishHome: async (...published) => await slack.web.publishHome(...published),
          },
          value,
          surface: "home",
          triggerId: "T",
          viewId: "V1",
          respond,
          show: respond,
        });
      return [...sent, ...modals];
    },
    settle: async () => {
      // oxlint-disable-next-line no-await-in-loop -- one portion after the other
      while ((await work()) > 0) continue;
    },
  };
}

/** As Slack's client says no. */
export function slackError(error: string): Error {
  return new WebAPIPlatformError({ ok: false, error });
}

/** As Slack asks for a pause. */
export function rateLimited(seconds: number): Error {
  return new WebAPIRateLimitedError(seconds);
}
