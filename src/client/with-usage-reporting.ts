/**
 * Makes a client of `@anthropic-ai/sdk` report what it uses, by the SDK's own middleware: whatever
 * calls the Messages API (create, stream, parse, tool runners, beta, Bedrock, Vertex) passes there,
 * one response at a time. Types of the SDK are not imported, so that any version with middleware
 * (0.101 or newer) fits.
 */
import { createMessageReader } from "./message-reader.ts";
import { observeResponse } from "./observe-response.ts";
import type { UsageReporter } from "./reporter.ts";
import { nameOf } from "./unknown-record.ts";
import { mergeAttribution, type UsageAttribution } from "./usage-event.ts";

interface MessagesRequest {
  readonly url: string;
  readonly method?: string | undefined;
  readonly signal?: AbortSignal | null | undefined;
}

/** A middleware of the SDK, for any of its versions. */
export type UsageMiddleware = <Request extends MessagesRequest>(
  request: Request,
  next: (request: Request) => Promise<Response>,
) => Promise<Response>;

/** What a client of the SDK offers for that. */
export interface ReportableClient<Middleware> {
  readonly middleware: readonly Middleware[];
  withOptions(options: { readonly middleware: (Middleware | UsageMiddleware)[] }): this;
}

/** Fixed, or asked at the start of each call, in the context of its caller. */
export type Attribution = UsageAttribution | (() => UsageAttribution);

/** Which reporter a middleware of ours belongs to. */
const reporters = new WeakMap<object, UsageReporter>();

/**
 * A copy of the client that reports each answer of the Messages API; the client itself is left as
 * it is. Answers, streams and errors are those of the SDK; a call is neither delayed nor failed by
 * its report. A copy of a copy reports once, as the last `attribution` says.
 */
export function withUsageReporting<Middleware extends object, Client>(
  client: Client & ReportableClient<Middleware>,
  reporter: UsageReporter,
  attribution: Attribution = {},
): Client {
  const others = client.middleware.filter((middleware) => reporters.get(middleware) !== reporter);
  return client.withOptions({ middleware: [...others, usageMiddleware(reporter, attribution)] });
}

/** The same for `new Anthropic({ middleware: [...] })`. */
export function usageMiddleware(
  reporter: UsageReporter,
  attribution: Attribution = {},
): UsageMiddleware {
  const middleware: UsageMiddleware = async (request, next) => {
    if (!isMessagesRequest(request)) return await next(request);
    const asked = attributionOf(attribution, reporter);
    const response = await next(request);
    return reported(response, {
      reporter,
      attribution: asked,
      signal: request.signal ?? undefined,
    });
  };
  reporters.set(middleware, reporter);
  return middleware;
}

/** Not its batches, nor the counting of tokens: those answer without usage. */
function isMessagesRequest({ url, method }: MessagesRequest): boolean {
  return method?.toUpperCase() === "POST" && /\/v1\/messages(?:\?|$)/.test(url);
}

function attributionOf(attribution: Attribution, reporter: UsageReporter): UsageAttribution {
  if (typeof attribution !== "function") return attribution;
  try {
    return attribution();
  } catch (cause) {
    reporter.onProblem({
      kind: "unattributed",
      message: "The attribution of a call failed; its usage is reported without it.",
      cause,
    });
    return {};
  }
}

interface ReportedCall {
  readonly reporter: UsageReporter;
  readonly attribution: UsageAttribution;
  readonly signal: AbortSignal | undefined;
}

/** The answer for the caller, observed if it is one that can be. Never throws. */
function reported(response: Response, call: ReportedCall): Response {
  if (!response.ok) return response;
  const requestId = nameOf(response.headers.get("request-id"));
  const reader = createMessageReader(response.headers.get("content-type"));
  if (reader === undefined || !hasWebBody(response)) {
    tellUnreadable(call.reporter, requestId);
    return response;
  }

  const occurredAt = call.reporter.now();
  const workspaceId = nameOf(response.headers.get("anthropic-workspace-id"));
  let isReported = false;
  const report = (): void => {
    if (isReported) return;
    isReported = true;
    const reading = reader.result();
    if (reading === undefined) {
      tellUnreadable(call.reporter, requestId);
      return;
    }
    call.reporter.report({
      ...mergeAttribution({ workspaceId }, call.attribution),
      ...reading,
      requestId,
      occurredAt,
    });
  };
  const observer = {
    onChunk: (bytes: Uint8Array) => {
      if (isReported) return;
      reader.push(bytes);
      if (reader.isDone()) report();
    },
    onEnd: report,
  };
  return observeResponse(response, observer, call.signal);
}

/** An SDK with a `fetch` of its own may bring responses of its own. */
function hasWebBody(response: Response): response is Response & { readonly body: ReadableStream } {
  return response.body instanceof ReadableStream && !response.bodyUsed && !response.body.locked;
}

function tellUnreadable(reporter: UsageReporter, requestId: string | undefined): void {
  reporter.onProblem({
    kind: "unreadable",
    message: `Usage of ${requestId ?? "a call"} is not reported: its answer did not say it, or ended before.`,
    requestId,
  });
}
