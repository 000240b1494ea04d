/**
 * Runs what a listener does after Slack has its acknowledgement: finds out who it is, gives every
 * failure one sentence for the person and one line for us, and lets a shutdown wait for the rest.
 */
import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import type { Clock } from "../domain/time.ts";
import { withAuditOrigin } from "../store/audit-origin.ts";
import type { SlackMessage } from "./blocks.ts";
import type { Directory } from "./directory.ts";
import type { SlackActor } from "./listener.ts";
import { isOurs, problemMessage, problemSentence } from "./problems.ts";
import type { SlackPlace, SlackWorkspaces } from "./workspaces.ts";

export interface WorkDeps {
  readonly directory: Pick<Directory, "loadSlackUser" | "noteUse">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly workspaces: Pick<SlackWorkspaces, "admit">;
}

/** One command, click, form, shortcut or visit. */
export interface Work {
  /** "command raise", "action approve", …: for the log. */
  readonly name: string;
  /** As the program calls them: where there are several workspaces, with theirs. */
  readonly slackUserId: string;
  /** Theirs, which in a shared channel may be another than where the bot is. */
  readonly slackTeamId: string;
  readonly installedAt: SlackPlace;
  /** Where it was typed or clicked, for the audit trail. */
  readonly place?: {
    readonly channel?: string | undefined;
    readonly message_ts?: string | undefined;
  };
  readonly run: (actor: SlackActor) => Promise<void>;
  /** Tells the person that it failed. */
  readonly tell: (problem: SlackMessage) => Promise<void>;
}

export interface Workplace {
  /** Never rejects: whatever happens was told to the person and logged. */
  run(work: Work): Promise<void>;
  /** Resolves when nothing is running any more, or after `timeoutMs`; how much was left. */
  finish(timeoutMs: number): Promise<number>;
}

export function createWorkplace(deps: WorkDeps): Workplace {
  const running = new Set<Promise<void>>();
  return {
    async run(work) {
      const done = perform(deps, work);
      running.add(done);
      await done;
      running.delete(done);
    },

    async finish(timeoutMs) {
      let timer: NodeJS.Timeout | undefined;
      const timeout = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, timeoutMs);
      });
      await Promise.race([Promise.all(running), timeout]);
      clearTimeout(timer);
      return running.size;
    },
  };
}

async function perform(deps: WorkDeps, work: Work): Promise<void> {
  const startedAt = deps.clock();
  const problem = await attempt(deps, work);
  const fields = {
    work: work.name,
    outcome: problem === undefined ? "done" : "failed",
    duration_ms: deps.clock().getTime() - startedAt.getTime(),
    slack_user_id: work.slackUserId,
  };
  if (problem === undefined) {
    deps.log.info(fields, "slack work done");
    return;
  }
  const { error, problemId } = problem;
  const failure = { ...fields, problem_id: problemId, err: error };
  if (isOurs(error)) deps.log.error(failure, "slack work failed");
  else deps.log.warn(failure, "slack work failed");
  try {
    await work.tell(problemMessage(problemSentence(error, problemId)));
  } catch (err) {
    deps.log.warn({ ...fields, problem_id: problemId, err }, "person not told of the problem");
  }
}

async function attempt(
  deps: WorkDeps,
  work: Work,
): Promise<{ readonly error: unknown; readonly problemId: string } | undefined> {
  try {
    const { slackUserId, slackTeamId } = work;
    await deps.workspaces.admit({ place: work.installedAt, slackTeamId });
    const { email } = await deps.directory.loadSlackUser(slackUserId);
    await deps.directory.noteUse(slackUserId);
    const origin = {
      via: "slack",
      surface: work.name,
      slack_user_id: slackUserId,
      slack_team_id: slackTeamId,
      ...work.place,
    } as const;
    await withAuditOrigin(origin, async () => {
      await work.run({ slackUserId, slackTeamId, email });
    });
    return undefined;
  } catch (error) {
    return { error, problemId: randomUUID().slice(0, 8) };
  }
}
