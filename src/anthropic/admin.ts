/**
 * Anthropic's Admin API: whose admin key is this, and does it work? One quick question, for somebody
 * who waits; reports are read by `reports.ts`.
 */
import { BadRequestError, PermissionDeniedError } from "@anthropic-ai/sdk";
import { z } from "zod";
import { AppError } from "../domain/errors.ts";
import { type AdminAccess, adminClient, rootOf } from "./access.ts";
import { appErrorFrom } from "./admin-errors.ts";

/** Somebody waits for the answer at a prompt or at the start; longer than this is "away". */
const TIMEOUT_MS = 10_000;
const RETRIES_MAX = 1;

const ORGANIZATION = z.object({
  id: z.string().min(1),
  name: z.string(),
  type: z.literal("organization"),
});

/** Names the organization that an admin key belongs to; throws an `AppError` that says what to do. */
export async function checkAdminKey(
  access: AdminAccess,
): Promise<{ readonly organizationId: string; readonly name: string }> {
  const client = adminClient(access, { timeoutMs: TIMEOUT_MS, retriesMax: RETRIES_MAX });
  const answer = await retrieve(access, () => client.organization.retrieve());
  const organization = ORGANIZATION.safeParse(answer);
  if (!organization.success) {
    throw new AppError({
      code: "unavailable",
      message: `${rootOf(access)} did not answer like Anthropic's Admin API: expected an organization. Check ANTHROPIC_BASE_URL.`,
      cause: organization.error,
    });
  }
  return { organizationId: organization.data.id, name: organization.data.name };
}

/**
 * Which of what decisions about spend limits need the key may not do, as Anthropic says it; empty:
 * nothing lacks. Writing is tried with a limit for nobody, which can only be refused.
 */
export async function missingLimitScopes(access: AdminAccess): Promise<readonly string[]> {
  const client = adminClient(access, { timeoutMs: TIMEOUT_MS, retriesMax: RETRIES_MAX });
  const probes = [
    ["read:spend_limits", () => client.get(`${INCREASES_PATH}?limit=1`)],
    ["write:spend_limits", () => client.post("/v1/organizations/spend_limits", { body: {} })],
  ] as const;
  const missing: string[] = [];
  for (const [scope, probe] of probes) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- two questions, one after the other
      await probe();
    } catch (error) {
      if (error instanceof PermissionDeniedError) missing.push(scope);
      else if (!(error instanceof BadRequestError)) {
        throw appErrorFrom(access, error, TIMEOUT_MS);
      }
    }
  }
  return missing;
}

const INCREASES_PATH = "/v1/organizations/spend_limit_increase_requests";

async function retrieve(access: AdminAccess, call: () => PromiseLike<unknown>): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    throw appErrorFrom(access, error, TIMEOUT_MS);
  }
}
