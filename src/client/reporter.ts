/**
 * Reports usage to Claude Spend from inside an app, and never at the app's cost: reporting is
 * immediate, sending happens beside the app's own work, and what goes wrong reaches `onProblem` only.
 */
import { Webhook } from "standardwebhooks";
import type { Destination } from "./delivery.ts";
import { tellSafely, type UsageProblem, warnOfProblem } from "./problems.ts";
import { createSender, type Deadline, type UsageCounts } from "./sender.ts";
import { type UsageAttribution, type UsageReport, usageEventJson } from "./usage-event.ts";

export interface UsageReporterOptions {
  /** Where Claude Spend listens: `https://spend.acme.test`. Undefined is refused, with a message. */
  readonly url: string | URL | undefined;
  /** `INGEST_SECRET`, or what `claude-spend sources add` showed: `whsec_…`. */
  readonly secret: string | undefined;
  /** Name of the source that the secret belongs to; without it the built-in one. */
  readonly source?: string | undefined;
  /** `bearer` where Claude Spend has no SECRETS_KEY and so can't check a source's signatures. */
  readonly authentication?: "signature" | "bearer" | undefined;
  /** Holds for all that this reporter reports, unless a client or a report says otherwise. */
  readonly defaults?: UsageAttribution | undefined;
  /** Hears of everything that will be missing; without it: a warning of the process, on stderr. */
  readonly onProblem?: ((problem: UsageProblem) => unknown) | undefined;
  /** Events that wait at most (10,000: some 10 MB); more are dropped, counted and told. */
  readonly bufferedEventsMax?: number | undefined;
  /**
   * How long a process that has nothing else to do stays to send the rest (5 s). An attempt that is
   * under way by then holds it, too: 15 s at most, when Claude Spend does not answer at all.
   */
  readonly exitTimeoutMs?: number | undefined;
  /** For proxies and tests. */
  readonly fetch?: typeof fetch | undefined;
  readonly now?: (() => Date) | undefined;
}

export interface UsageReporter {
  /** Takes a message for reporting; false: it could not, and `onProblem` knows why. Never throws. */
  readonly report: (report: UsageReport) => boolean;
  /**
   * Sends what was reported so far, now. True: all of it was delivered or given up; false: the time
   * (10 s) was not enough, and it goes on trying. Never rejects.
   */
  readonly flush: (deadline?: Deadline) => Promise<boolean>;
  /** Flushes, then ends: what is left is dropped, later reports are, too. Never rejects. */
  readonly close: (deadline?: Deadline) => Promise<boolean>;
  readonly counts: () => UsageCounts;
  /** Tells the app of a problem. Never throws. */
  readonly onProblem: (problem: UsageProblem) => void;
  readonly now: () => Date;
}

const BUFFERED_EVENTS_MAX = 10_000;
const EXIT_TIMEOUT_MS = 5_000;

/** Throws a TypeError for options that can't work, at once; after that nothing throws. */
export function createUsageReporter(options: UsageReporterOptions): UsageReporter {
  const { defaults = {}, onProblem = warnOfProblem, exitTimeoutMs = EXIT_TIMEOUT_MS } = options;
  const now = options.now ?? ((): Date => new Date());
  const tell = (problem: UsageProblem): void => tellSafely(onProblem, problem);
  const sender = createSender({
    destination: destinationOf(options, now),
    eventsMax: eventsMaxOf(options.bufferedEventsMax),
    exitTimeoutMs,
    tell,
  });
  return {
    report: (report) => {
      const event = readReport(report, { defaults, now: now() });
      if ("json" in event) return sender.offer(event.json);
      tell(event.problem);
      return false;
    },
    flush: sender.flush,
    close: sender.close,
    counts: sender.counts,
    onProblem: tell,
    now,
  };
}

/** Whatever a report turns out to be when it is read, it does not throw. */
function readReport(
  report: UsageReport,
  context: { readonly defaults: UsageAttribution; readonly now: Date },
): { readonly json: string } | { readonly problem: UsageProblem } {
  let cause: unknown;
  try {
    const json = usageEventJson(report, context.defaults, context.now);
    if (json !== undefined) return { json };
  } catch (error) {
    cause = error;
  }
  const message = "A report is ignored: expected `message` with `model` and `usage`.";
  return { problem: { kind: "unreadable", message, requestId: undefined, cause } };
}

function destinationOf(options: UsageReporterOptions, now: () => Date): Destination {
  const { source, authentication = "signature" } = options;
  const url = URL.canParse(String(options.url)) ? new URL(String(options.url)) : undefined;
  if (url?.protocol !== "https:" && url?.protocol !== "http:") {
    throw new TypeError("url: expected where Claude Spend listens, as in https://spend.acme.test");
  }
  if (!/\/v1\/usage\/?$/.test(url.pathname)) {
    url.pathname = `${url.pathname.replace(/\/$/, "")}/v1/usage`;
  }
  if (source !== undefined) url.searchParams.set("source", source);
  const secret = options.secret ?? "";
  if (authentication === "bearer" && !/^[!-~]+$/.test(secret)) {
    throw new TypeError("secret: expected a token without blanks or line ends");
  }
  return {
    url: url.href,
    secret,
    webhook: authentication === "bearer" ? undefined : webhookOf(secret),
    fetch: options.fetch ?? (async (...call) => await fetch(...call)),
    now,
  };
}

function webhookOf(secret: string): Webhook {
  try {
    if (secret.startsWith("whsec_")) return new Webhook(secret);
  } catch {
    // Said below, without the secret.
  }
  throw new TypeError("secret: expected a Standard Webhooks secret, whsec_ and base64");
}

function eventsMaxOf(eventsMax = BUFFERED_EVENTS_MAX): number {
  if (Number.isSafeInteger(eventsMax) && eventsMax > 0) return eventsMax;
  throw new TypeError("bufferedEventsMax: expected a whole number of at least 1");
}
