/**
 * A stand-in for Anthropic's Admin API: as strict about credentials, versions, parameters and rates
 * as the documentation is, with its error envelope and request ids. Knows an organization; its
 * usage and cost reports are valid and empty.
 */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, RequestListener } from "node:http";
import { type Clock, type Instant, MINUTE_MS } from "../../domain/time.ts";
import { type AdminAnswer, type AdminError, errorAnswer, invalid } from "./errors.ts";
import { type Report, reportQueryProblem } from "./report-query.ts";

export interface AdminSandboxOptions {
  /** Where it is mounted: "/sandbox/anthropic". Requests elsewhere are not found. */
  readonly prefix: string;
  readonly adminKey: string;
  readonly clock: Clock;
  readonly organization?: { readonly id: string; readonly name: string };
}

/** What the demo's organization is called at Anthropic. */
const ACME = { id: "5f9e8a52-0c1d-4a57-9f6b-7d2c41aa3e10", name: "Acme" };
const VERSIONS = ["2023-06-01", "2026-10-21"];
const REPORT_BETA = "analytics-usage-cost-2026-08-24";
/** Anthropic documents 60 a minute and organization for reports; here it counts for everything. */
const REQUESTS_PER_MINUTE = 60;

interface Asked {
  readonly request: IncomingMessage;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly now: Instant;
}

type Outcome = { readonly kind: "ok"; readonly body: object } | AdminError;

/** Listens under `prefix`. State (the rate window) lives as long as the listener. */
export function anthropicAdminSandbox(options: AdminSandboxOptions): RequestListener {
  const organization = options.organization ?? ACME;
  const admitted = rateLimit();

  const decide = (asked: Asked): Outcome => {
    const refusal =
      credentialProblem(asked.request, options.adminKey) ??
      admitted(asked.now) ??
      versionProblem(asked.request);
    if (refusal !== undefined) return refusal;
    if (asked.request.method === "GET") {
      if (asked.path === "/v1/organizations/me") return describeOrganization(asked, organization);
      const report = /^\/v1\/organizations\/analytics\/(usage|cost)$/.exec(asked.path)?.[1];
      if (report === "usage" || report === "cost") return emptyReport(report, asked);
    }
    return { type: "not_found_error", message: `${asked.request.method ?? ""} ${asked.path}` };
  };

  return (request, response) => {
    request.resume();
    const requestId = `req_${randomUUID().replaceAll("-", "").slice(0, 24)}`;
    const url = new URL(request.url ?? "/", "http://sandbox");
    const outcome: Outcome = url.pathname.startsWith(`${options.prefix}/`)
      ? decide({
          request,
          path: url.pathname.slice(options.prefix.length),
          query: url.searchParams,
          now: options.clock(),
        })
      : { type: "not_found_error", message: url.pathname };
    const isUnknownCaller = "type" in outcome && outcome.type === "authentication_error";
    const answer: AdminAnswer =
      "kind" in outcome
        ? { status: 200, body: outcome.body, headers: {} }
        : errorAnswer(outcome, requestId);
    response.writeHead(answer.status, {
      "content-type": "application/json",
      "request-id": requestId,
      ...(isUnknownCaller ? {} : { "anthropic-organization-id": organization.id }),
      ...answer.headers,
    });
    response.end(JSON.stringify(answer.body));
  };
}

function describeOrganization(
  { query }: Asked,
  organization: { readonly id: string; readonly name: string },
): Outcome {
  const [extra] = query.keys();
  if (extra !== undefined) return invalid(`${extra}: Extra inputs are not permitted`);
  const { id, name } = organization;
  return { kind: "ok", body: { id, name, type: "organization" } };
}

function emptyReport(report: Report, { request, query, now }: Asked): Outcome {
  const betas = headerOf(request, "anthropic-beta")
    .split(",")
    .map((beta) => beta.trim());
  if (!betas.includes(REPORT_BETA)) return invalid(`anthropic-beta: expected ${REPORT_BETA}`);
  const problem = reportQueryProblem(report, query, now);
  if (problem !== undefined) return problem;
  return {
    kind: "ok",
    body: { data: [], has_more: false, next_page: null, data_refreshed_at: now.toISOString() },
  };
}

/** Exactly one credential, in the header that the documentation shows for admin keys. */
function credentialProblem(request: IncomingMessage, adminKey: string): AdminError | undefined {
  const key = headerOf(request, "x-api-key");
  if (headerOf(request, "authorization") !== "") {
    return { type: "authentication_error", message: "Invalid bearer token" };
  }
  if (key === "") {
    return { type: "authentication_error", message: "x-api-key header is required" };
  }
  return key === adminKey
    ? undefined
    : { type: "authentication_error", message: "invalid x-api-key" };
}

function versionProblem(request: IncomingMessage): AdminError | undefined {
  const version = headerOf(request, "anthropic-version");
  if (version === "") return invalid("anthropic-version: header is required");
  return VERSIONS.includes(version)
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

function headerOf(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return typeof value === "string" ? value : "";
}
