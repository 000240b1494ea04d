/**
 * The wiring: the one place that knows every feature. It builds what flows need and lists what the
 * program answers; starting and stopping is `program.ts`.
 */
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { Clock } from "../domain/time.ts";
import { alertListeners, alertRoutes } from "../features/alerts/index.ts";
import {
  type ApproverGroups,
  approvalListeners,
  approvalRoutes,
  slackApproverGroups,
} from "../features/approvals/index.ts";
import { auditListeners } from "../features/audit/index.ts";
import { budgetListeners, budgetRoutes, checkDueBudgets } from "../features/budgets/index.ts";
import { chargebackRoutes } from "../features/chargeback/index.ts";
import { digestListeners, slackReaders } from "../features/digests/index.ts";
import {
  followDates,
  governanceListeners,
  governanceRoutes,
} from "../features/governance/index.ts";
import { homeListeners, refreshHomes } from "../features/home/index.ts";
import {
  advanceSettledRerate,
  createIngestMemory,
  ingestRoutes,
} from "../features/ingest/index.ts";
import { type Ask, explainChange, insightListeners } from "../features/insights/index.ts";
import { startLimits } from "../features/limits/index.ts";
import {
  greetBeforeSetUp,
  onboardingListeners,
  setUpHomePart,
} from "../features/onboarding/index.ts";
import { ownersListeners } from "../features/owners/index.ts";
import { peopleListeners } from "../features/people/index.ts";
import { preferencesListeners } from "../features/preferences/index.ts";
import { type PullSettings, startPulling } from "../features/provider-reports/index.ts";
import { reconciliationRoutes, startReconciling } from "../features/reconciliation/index.ts";
import {
  loadExamples,
  operationRoutes,
  showbackListeners,
  showbackRoutes,
} from "../features/showback/index.ts";
import { createSourceDirectory } from "../features/sources/index.ts";
import { listUnitCosts, unitCostRoutes } from "../features/unit-costs/index.ts";
import { requireBearer } from "../http/authorization.ts";
import type { Metrics } from "../http/metrics.ts";
import { runAll } from "../jobs/run-all.ts";
import type { Waker } from "../jobs/wake.ts";
import { askAgainListeners } from "../slack/ask-again.ts";
import type { Directory } from "../slack/directory.ts";
import { helpListeners } from "../slack/help.ts";
import type { SlackListeners } from "../slack/listener.ts";
import { collectListeners } from "../slack/registry.ts";
import type { SlackWeb } from "../slack/web.ts";
import type { Database } from "../store/database.ts";
import { approvalEffects, governanceAppliers } from "./appliers.ts";
import type { Secret } from "./config.ts";
import { startDirectory } from "./directory.ts";
import type { LimitSettings } from "./limits.ts";
import { minuteWork } from "./minute-work.ts";

export { governanceAppliers };

export interface Plumbing {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly waker: Pick<Waker, "wake">;
  readonly web: SlackWeb;
  readonly directory: Directory;
  readonly ingestSecret: Secret | undefined;
  readonly apiToken: Secret | undefined;
  /** Whether only GOVERNANCE_FILE changes the governance document. */
  readonly isFileOnly?: boolean | undefined;
  /** 32 bytes, for secrets that must be kept readable. */
  readonly secretsKey: Buffer | undefined;
  /** Whole months of usage to keep before the current one; undefined: all. */
  readonly retentionMonths?: number | undefined;
  /** Undefined: Anthropic's own reports are not read. */
  readonly reports: PullSettings | undefined;
  /** Asks Claude to choose a query; undefined: there is no key. */
  readonly ask: Ask | undefined;
  /** The systems that keep limits, until the signal; undefined: none is spoken to. */
  readonly limits?: ((signal: AbortSignal) => LimitSettings) | undefined;
}

export interface Wiring {
  readonly listeners: readonly SlackListeners[];
  readonly routes: (app: FastifyInstance, roles: { readonly ingest: boolean }) => void;
  /** One portion of budget checks; how many there were. */
  readonly checkBudgets: () => Promise<number>;
  /** One portion of the App Homes that something has changed on; how much there was to do. */
  readonly refreshHomes: () => Promise<number>;
  /** One portion of re-rating that was asked for; 0: nothing is due. */
  readonly rerate: () => Promise<number>;
  /** What the clock makes due. */
  readonly everyMinute: (stopping: AbortSignal) => Promise<void>;
  /** Begins to read Anthropic's reports, where there is a key for it. */
  readonly startPulling: () => { readonly stop: () => Promise<void> } | undefined;
  /** Begins to carry out elsewhere what was decided here. */
  readonly startLimits: () => { readonly stop: () => Promise<void> } | undefined;
}

export function wire(plumbing: Plumbing): Wiring {
  const { database, clock, log, waker, web, directory } = plumbing;
  const approverGroups = slackApproverGroups({
    listUserGroupMembers: async (handle) => await web.listUserGroupMembers(handle),
    loadUser: async (slackUserId) => await directory.loadSlackUser(slackUserId),
  });
  const requireApiToken = requireBearer(plumbing.apiToken?.reveal());
  const shared = { ...plumbing, approverGroups, requireApiToken };

  const rerateMemory = createIngestMemory();
  const follow = followDates({ database, clock });
  const { listeners, home } = listenersOf(shared);
  return {
    listeners,
    routes: (app, roles) => {
      const senders = {
        ingestSecret: plumbing.ingestSecret?.reveal(),
        sources: createSourceDirectory({ database, clock, secretsKey: plumbing.secretsKey }),
      };
      if (roles.ingest) {
        ingestRoutes(app, {
          ...shared,
          ...senders,
          ingestMemory: createIngestMemory(),
          onRecorded: () => {
            waker.wake("budget-checks");
          },
        });
      }
      showbackRoutes(app, shared);
      operationRoutes(app, shared);
      reconciliationRoutes(app, shared);
      unitCostRoutes(app, { ...shared, ...senders }, roles);
      chargebackRoutes(app, shared);
      budgetRoutes(app, shared);
      alertRoutes(app, shared);
      approvalRoutes(app, shared);
      governanceRoutes(app, { ...shared, appliers: governanceAppliers, channels: web });
    },
    checkBudgets: async () => {
      const count = await checkDueBudgets({ database, clock, log });
      plumbing.metrics.budgetChecks.inc(count);
      return count;
    },
    refreshHomes: async () =>
      await refreshHomes({ ...home, webOf: async () => await Promise.resolve(web) }),
    rerate: async () =>
      await advanceSettledRerate({ database, clock, log, ingestMemory: rerateMemory }),
    startPulling: () => startPullingOf(plumbing),
    startLimits: () => startLimitsOf({ ...plumbing, approverGroups }),
    everyMinute: async (stopping) =>
      await runAll([follow, ...minuteWork({ ...plumbing, approverGroups })], stopping),
  };
}

/** What every feature answers in Slack, and what App Home needs to be published anew. */
function listenersOf(
  shared: Plumbing & Pick<Parameters<typeof approvalListeners>[0], "approverGroups">,
): {
  readonly listeners: readonly SlackListeners[];
  readonly home: Parameters<typeof homeListeners>[0] & Plumbing;
} {
  const wakeHomes = (): void => {
    shared.waker.wake("homes");
  };
  const setUp = {
    ...shared,
    appliers: governanceAppliers,
    isFileOnly: shared.isFileOnly === true,
    isAnthropicRead: shared.reports !== undefined,
    onChanged: wakeHomes,
  };
  const home = {
    ...shared,
    parts: [setUpHomePart(setUp)],
    commands: () => collectListeners(listeners).subcommands,
  };
  const subcommandFeatures: readonly SlackListeners[] = [
    greetBeforeSetUp(showbackListeners({ ...shared, unitCosts: listUnitCosts }), setUp),
    budgetListeners({ ...shared, appliers: governanceAppliers }),
    alertListeners({ ...shared, explain: explainChange }),
    insightListeners(shared),
    approvalListeners({ ...shared, appliers: approvalEffects, onChanged: wakeHomes }),
    homeListeners(home),
    preferencesListeners(shared),
    auditListeners(shared),
    peopleListeners(shared),
    ownersListeners(shared),
    onboardingListeners(setUp),
    governanceListeners(setUp),
    digestListeners({
      ...shared,
      readersOf: slackReaders(shared),
      commands: () => collectListeners(subcommandFeatures).subcommands,
    }),
  ];
  const answering = [
    ...subcommandFeatures,
    helpListeners(subcommandFeatures, async (email) => await loadExamples(shared, email)),
  ];
  const listeners = [...answering, askAgainListeners(answering)];
  return { listeners, home };
}

function startLimitsOf(
  deps: Plumbing & { readonly approverGroups: ApproverGroups },
): ReturnType<Wiring["startLimits"]> {
  const { database, clock, log, approverGroups, limits } = deps;
  if (limits === undefined) return undefined;
  const stopping = new AbortController();
  const settings = limits(stopping.signal);
  const running = startLimits({ database, clock, log, approverGroups, ...settings });
  return {
    stop: async () => {
      stopping.abort(new Error("the program stops"));
      await running.stop();
    },
  };
}

/** Without an admin key Anthropic is not read, only Slack's groups are. */
function startPullingOf(plumbing: Plumbing): ReturnType<Wiring["startPulling"]> {
  const { database, clock, log, metrics, reports } = plumbing;
  const listing = startDirectory(plumbing);
  if (reports === undefined) return listing;
  const pulling = startPulling({
    database,
    clock,
    log,
    settings: reports,
    ingestMemory: createIngestMemory(),
    onPulled: (report, outcome) => {
      metrics.reportPulls.inc({ report, outcome });
    },
  });
  // What is read is what our own total is compared with.
  const reconciling = startReconciling({ database, clock, log });
  return {
    stop: async () => {
      await listing.stop();
      await pulling.stop();
      await reconciling.stop();
    },
  };
}
