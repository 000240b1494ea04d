/**
 * Who may call us: Standard Webhooks signatures over the raw bytes, or a bearer token, both
 * compared in constant time.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Webhook, WebhookVerificationError } from "standardwebhooks";
import { AppError } from "../domain/errors.ts";

export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** A preHandler that lets only bearers of `token` pass; without a token nobody may. */
export function requireBearer(
  token: string | undefined,
): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
  // Fastify waits for the promise; there is nothing to wait for.
  // oxlint-disable-next-line typescript/require-await -- a preHandler without a callback must be async
  return async (request) => {
    const given = bearerOf(request.headers);
    if (token === undefined) {
      throw new AppError({
        code: "unauthorized",
        message:
          "This server has no API_TOKEN, so its read and admin API is closed. Set one and restart.",
      });
    }
    if (given === undefined || !isSameSecret(given, token)) {
      throw new AppError({
        code: "unauthorized",
        message: "Send the API token as `Authorization: Bearer <API_TOKEN>`.",
      });
    }
  };
}

/**
 * Accepts a request whose Standard Webhooks signature over `body` was made with one of `secrets`
 * within the last five minutes. Anything else is `unauthorized`, saying why.
 */
export function verifySignature(options: {
  /** Two while one is rotated. */
  readonly secrets: readonly string[];
  readonly headers: RequestHeaders;
  readonly body: Buffer;
}): void {
  const { secrets, headers, body } = options;
  const signed = {
    "webhook-id": single(headers["webhook-id"]),
    "webhook-timestamp": single(headers["webhook-timestamp"]),
    "webhook-signature": single(headers["webhook-signature"]),
  };
  if (Object.values(signed).includes("")) {
    throw unauthorized(
      "Sign the request (webhook-id, webhook-timestamp, webhook-signature) or send the source's secret as a bearer token.",
    );
  }
  let failure: WebhookVerificationError | undefined;
  for (const secret of secrets) {
    const webhook = webhookOf(secret);
    if (webhook === undefined) continue;
    try {
      webhook.verify(body, signed, { jsonParse: false });
      return;
    } catch (error) {
      if (!(error instanceof WebhookVerificationError)) throw error;
      failure = error;
    }
  }
  throw unauthorized(
    `${failure?.message ?? "No secret of this source can check signatures"}.`,
    failure,
  );
}

/**
 * The library computes SHA-256 in JavaScript, which took more of a request's time than all the rest
 * of it; Node's own is used instead. Undefined: the secret is another product's key and no base64,
 * so nobody can have signed with it.
 */
function webhookOf(secret: string): Webhook | undefined {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const webhook = standardWebhook(secret);
  if (webhook === undefined) return undefined;
  return Object.assign(webhook, {
    sign: (id: string, at: Date, payload: string | Buffer): string => {
      const seconds = String(Math.floor(at.getTime() / 1_000));
      const hmac = createHmac("sha256", key).update(`${id}.${seconds}.`).update(payload);
      return `v1,${hmac.digest("base64")}`;
    },
  });
}

function standardWebhook(secret: string): Webhook | undefined {
  try {
    return new Webhook(secret);
  } catch {
    return undefined;
  }
}

export function unauthorized(message: string, cause?: unknown): AppError {
  return new AppError({ code: "unauthorized", message, cause });
}

/** The bearer token of a request, if it carries one. */
export function bearerOf(headers: RequestHeaders): string | undefined {
  return /^Bearer (\S+)$/i.exec(single(headers["authorization"]))?.[1];
}

function single(value: string | string[] | undefined): string {
  return typeof value === "string" ? value : "";
}

/** Digests have one length, so neither the comparison nor its time tells anything of the secret. */
export function isSameSecret(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
