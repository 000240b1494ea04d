/**
 * A stand-in for Anthropic's Admin API: as strict about credentials, versions, parameters and rates
 * as the documentation is, with its error envelope and request ids. What it reports comes from a
 * ledger of requests; what goes wrong on the way is ordered from `faults`.
 */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { type Clock, type Instant, MINUTE_MS } from "../../domain/time.ts";
import { analyticsRoutes } from "./analytics-report.ts";
import { claudeCodeRoute } from "./claude-code-report.ts";
import { directoryRoutes, EMPTY_DIRECTORY, type OrganizationDirectory } from "./directory.ts";
import { type AdminError, errorAnswer, invalid } from "./errors.ts";
import { type AdminFaults, createAdminFaults, type Fault } from "./faults.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import { legacyRoutes } from "./legacy-reports.ts";
import { type AdminRoute, type Asked, type OrganizationKind, type Outcome, ok } from "./route.ts";

export interface AdminSandboxOptions {
  /** Where it is mounted: "/sandbox/anthropic". Requests elsewhere are not found. */
  readonly prefix: string;
  readonly adminKey: string;
  readonly clock: Clock;
  readonly organization?: { readonly id: string; readonly name: string };
  readonly kind?: OrganizationKind;
  /** What the key of an Enterprise organization was made for. */
  readonly scopes?: readonly string[];
  /** Further keys that are valid and may not use this API: those of workspaces. */
  readonly modelKeys?: readonly string[];
  readonly ledger?: Ledger;
  readonly directory?: OrganizationDirectory;
  readonly faults?: AdminFaults;
  readonly discountPercent?: number;
  /** Further parts of the API. */
  readonly routes?: readonly AdminRoute[];
}

/** What the demo's organization is called at Anthropic. */
const ACME = { id: "5f9e8a52-0c1d-4a57-9f6b-7d2c41aa3e10", name: "Acme" };
const VERSIONS = ["2023-06-01", "2026-10-21"];
/** Anthropic documents 60 a minute and organization for reports; here it counts for everything. */
const REQUESTS_PER_MINUTE = 60;
const BODY_BYTES_MAX = 1_000_000;

/** Listens under `prefix`. State (the rate window) lives as long as the listener. */
export function anthropicAdminSandbox(options: AdminSandboxOptions): RequestListener {
  const organization = options.organization ?? ACME;
  const faults = options.faults ?? createAdminFaults();
  const admitted = rateLimit();
  const routes = routesOf(options, organization);

  const decide = (request: IncomingMessage, url: URL, text: string): Outcome => {
    const now = options.clock();
    const path = url.pathname.slice(options.prefix.length);
    const refusal =
      credentialProblem(request, options) ?? admitted(now) ?? versionProblem(request, VERSIONS);
    if (refusal !== undefined) return refusal;
    const route = routes.find((one) => one.method === request.method && one.path.test(path));
    if (route === undefined) {
      return { type: "not_found_error", message: `${request.method ?? ""} ${path}` };
    }
    const body = jsonOf(text);
    if (body === NOT_JSON) return invalid("body: expected JSON");
    const asked: Asked = {
      query: url.searchParams,
      parts: (route.path.exec(path) ?? []).slice(1),
      body,
      betas: betasOf(request),
      version: headerOf(request, "anthropic-version"),
      now,
    };
    return routeProblem(route, asked, { request, options }) ?? route.answer(asked);
  };

  return (request, response) => {
    void (async () => {
      const text = await bodyOf(request);
      const requestId = `req_${randomUUID().replaceAll("-", "").slice(0, 24)}`;
      const url = new URL(request.url ?? "/", "http://sandbox");
      const isHere = url.pathname.startsWith(`${options.prefix}/`);
      const fault = isHere ? faults.take(url.pathname) : undefined;
      if (fault !== undefined && breaksOff(fault, response)) return;
      const outcome: Outcome = !isHere
        ? { type: "not_found_error", message: url.pathname }
        : fault?.kind === "error"
          ? errorOf(fault)
          : fault?.kind === "other-shape"
            ? ok(fault.body)
            : decide(request, url, text);
      send(response, outcome, { requestId, organizationId: organization.id, fault });
    })();
  };
}

function routesOf(
  options: AdminSandboxOptions,
  organization: { readonly id: string; readonly name: string },
): readonly AdminRoute[] {
  const ledger = options.ledger ?? createLedger();
  const directory = options.directory ?? EMPTY_DIRECTORY;
  const { discountPercent = 0 } = options;
  return [
    {
      method: "GET",
      path: /^\/v1\/organizations\/me$/,
      answer: ({ query }) => {
        const [extra] = query.keys();
        if (extra !== undefined) return invalid(`${extra}: Extra inputs are not permitted`);
        return ok({ id: organization.id, name: organization.name, type: "organization" });
      },
    },
    ...analyticsRoutes({ ledger, kind: options.kind ?? "console", discountPercent }),
    ...legacyRoutes({
      ledger,
      discountPercent,
      defaultWorkspaceId: directory.defaultWorkspaceId,
    }),
    claudeCodeRoute({ ledger, organizationId: organization.id }),
    ...directoryRoutes(directory),
    ...(options.routes ?? []),
  ];
}

/** Exactly one credential, in the header that the documentation shows for admin keys. */
function credentialProblem(
  request: IncomingMessage,
  { adminKey, modelKeys = [] }: AdminSandboxOptions,
): AdminError | undefined {
  const key = headerOf(request, "x-api-key");
  if (headerOf(request, "authorization") !== "") {
    return { type: "authentication_error", message: "Invalid bearer token" };
  }
  if (key === "") {
    return { type: "authentication_error", message: "x-api-key header is required" };
  }
  if (modelKeys.includes(key)) {
    return {
      type: "permission_error",
      message: "This endpoint needs an Admin API key; this key belongs to a workspace.",
    };
  }
  return key === adminKey
    ? undefined
    : { type: "authentication_error", message: "invalid x-api-key" };
}

function routeProblem(
  route: AdminRoute,
  asked: Asked,
  {
    request,
    options,
  }: { readonly request: IncomingMessage; readonly options: AdminSandboxOptions },
): AdminError | undefined {
  const kind = options.kind ?? "console";
  if (route.kind !== undefined && route.kind !== kind) {
    return {
      type: "permission_error",
      message: `This endpoint is available to Claude ${route.kind === "console" ? "Console" : "Enterprise"} organizations only.`,
    };
  }
  const scopes = options.scopes ?? [];
  if (kind === "enterprise" && route.scope !== undefined && !scopes.includes(route.scope)) {
    return {
      type: "permission_error",
      message: `This key has the scopes: ${scopes.join(", ")}. Needed: ${route.scope}.`,
    };
  }
  if (route.versions !== undefined) {
    // What these answers look like under another version is documented nowhere.
    const problem = versionProblem(request, route.versions);
    if (problem !== undefined) return problem;
  }
  return route.beta === undefined || asked.betas.includes(route.beta)
    ? undefined
    : invalid(`anthropic-beta: expected ${route.beta}`);
}

function versionProblem(
  request: IncomingMessage,
  known: readonly string[],
): AdminError | undefined {
  const version = headerOf(request, "anthropic-version");
  if (version === "") return invalid("anthropic-version: header is required");
  return known.includes(version)
    ? undefined
    : invalid(`anthropic-version: "${version}" is not a valid version`);
}

/** Lets 60 requests through in any minute. */
function rateLimit(): (now: Instant) => AdminError | undefined {
  let recent: readonly number[] = [];
  return (now) => {
    recent = recent.filter((at) => at > now.getTime() - MINUTE_MS);
    const [oldest] = recent;
    if (oldest === undefined || recent.length < REQUESTS_PER_MINUTE) {
      recent = [...recent, now.getTime()];
      return undefined;
    }
    const seconds = Math.max(1, Math.ceil((oldest + MINUTE_MS - now.getTime()) / 1000));
    return {
      type: "rate_limit_error",
      message: `This request would exceed your organization's rate limit of ${String(REQUESTS_PER_MINUTE)} requests per minute.`,
      headers: { "retry-after": String(seconds) },
    };
  };
}

/** Whether the fault ends the exchange without an answer of ours. */
function breaksOff(fault: Fault, response: ServerResponse): boolean {
  if (fault.kind === "silence") return true;
  if (fault.kind === "close") {
    response.destroy();
    return true;
  }
  if (fault.kind === "cut-off") {
    response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
    response.write('{"data":[');
    response.destroy();
    return true;
  }
  return false;
}

function errorOf(fault: Extract<Fault, { readonly kind: "error" }>): AdminError {
  return {
    type: fault.type,
    message: fault.message ?? "ordered by a test",
    ...(fault.errorCode === undefined ? {} : { errorCode: fault.errorCode }),
    ...(fault.retryAfterSeconds === undefined
      ? {}
      : { headers: { "retry-after": String(fault.retryAfterSeconds) } }),
  };
}

function send(
  response: ServerResponse,
  outcome: Outcome,
  context: {
    readonly requestId: string;
    readonly organizationId: string;
    readonly fault: Fault | undefined;
  },
): void {
  const { requestId, organizationId } = context;
  const isUnknownCaller = "type" in outcome && outcome.type === "authentication_error";
  const answer =
    "kind" in outcome
      ? { status: 200, body: outcome.body, headers: {} }
      : errorAnswer(outcome, requestId);
  response.writeHead(answer.status, {
    "content-type": "application/json",
    "request-id": requestId,
    ...(isUnknownCaller ? {} : { "anthropic-organization-id": organizationId }),
    ...answer.headers,
  });
  response.end(context.fault?.kind === "malformed" ? "<html>" : JSON.stringify(answer.body));
}

const NOT_JSON = Symbol("not JSON");

function jsonOf(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return NOT_JSON;
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  try {
    for await (const chunk of request.setEncoding("utf8")) {
      if (text.length < BODY_BYTES_MAX) text += String(chunk);
    }
  } catch {
    return ""; // The caller went away; nobody reads the answer either.
  }
  return text;
}

function betasOf(request: IncomingMessage): readonly string[] {
  return headerOf(request, "anthropic-beta")
    .split(",")
    .map((beta) => beta.trim());
}

function headerOf(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return typeof value === "string" ? value : "";
}
