/** What replicas do all the time, each at its own pace and clock, dying now and then. */
import {
  deadDestinationNews,
  gatherAlerts,
  releaseHeldAlerts,
} from "../../../../src/features/alerts/index.ts";
import {
  checkDueBudgets,
  checkDueWatches,
  endRaises,
} from "../../../../src/features/budgets/index.ts";
import { createDirectory } from "../../../../src/slack/directory.ts";
import { type SenderStep, sendDueMessages } from "../../../../src/slack/sender.ts";
import type { SlackWeb } from "../../../../src/slack/web.ts";
import { type Database, isConnectionLoss } from "../../../../src/store/database.ts";
import { Crashed, crashing } from "../../approvals/simulation/crashes.ts";
import { aCrash } from "../../approvals/simulation/deeds.ts";
import type { Attempt } from "./checks.ts";
import { count, type Replica, type World } from "./world.ts";

const SLOW_ANSWERS = 0.03;

type Job = (replica: Replica, database: Database) => Promise<number>;

export const FINDING: readonly Job[] = [
  async ({ clock }, database) => await checkDueBudgets({ database, clock }),
  async ({ clock }, database) => await endRaises({ database, clock }),
];
export const WATCHING: Job = async ({ clock }, database) =>
  await checkDueWatches({ database, clock });
export const RELEASING: Job = async ({ clock }, database) =>
  await releaseHeldAlerts({ database, clock });
export const GATHERING: Job = async ({ clock }, database) =>
  await gatherAlerts({ database, clock });

/** Sends; each attempt is kept, with what the sender's clock said. */
export function sending(world: World, attempts: Attempt[], crashRate: number): Job {
  return async (replica, database) => {
    const { clock, directory } = replica;
    const atStep = (step: SenderStep): void => {
      if (!world.chaos.chance(crashRate)) return;
      count(world, `sender died when ${step}`);
      throw new Crashed(`sender died when ${step}`);
    };
    return await sendDueMessages({
      database,
      clock,
      directory,
      log: world.log,
      web: watched(world, replica, attempts),
      random: world.chaos.next,
      reroute: deadDestinationNews({ clock }),
      atStep,
    });
  };
}

/** Now and then the answer takes longer than anybody waits, though Slack did it. */
function watched(world: World, { web, clock }: Replica, attempts: Attempt[]): SlackWeb {
  return {
    ...web,
    postMessage: async (message) => {
      attempts.push({ key: message.dedupeKey, senderClock: clock().getTime() });
      const posted = await web.postMessage(message);
      if (world.chaos.chance(SLOW_ANSWERS) && world.isTroubled) {
        throw Object.assign(new Error("the answer takes too long"), { name: "TimeoutError" });
      }
      return posted;
    },
  };
}

/** Each replica works until a pass finds nothing to do. */
export async function work(
  world: World,
  {
    replicas,
    jobs,
    crashRate,
  }: {
    readonly replicas: readonly Replica[];
    readonly jobs: readonly Job[];
    readonly crashRate: number;
  },
): Promise<void> {
  await Promise.all(
    replicas.map(async (replica) => {
      for (let isBusy = true; isBusy; ) {
        isBusy = false;
        for (const job of jobs) {
          // oxlint-disable-next-line no-await-in-loop -- a worker does one thing after the other
          if (await attempt(world, replica, { job, crashRate })) isBusy = true;
        }
      }
    }),
  );
}

async function attempt(
  world: World,
  replica: Replica,
  { job, crashRate }: { readonly job: Job; readonly crashRate: number },
): Promise<boolean> {
  const { chaos: random } = world;
  const { database } = replica;
  const isBroken = random.chance(crashRate);
  try {
    return (await job(replica, isBroken ? crashing(database, aCrash(random)) : database)) > 0;
  } catch (error) {
    if (!(error instanceof Crashed) && !isConnectionLoss(error)) throw error;
    count(world, "crash of a worker");
    // Started again, it has forgotten everything.
    replica.directory = createDirectory(replica);
    return true;
  }
}
