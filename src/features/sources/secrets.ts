/**
 * Secrets of sources: made here, shown once. A bearer token is stored as its hash only. A signature
 * needs the secret itself, so it is kept encrypted under SECRETS_KEY, or not at all.
 */
import { createHash, randomBytes } from "node:crypto";
import { AppError } from "../../domain/errors.ts";
import { openSealed, sealText } from "../../store/sealed-text.ts";

/** Standard Webhooks asks for 24 to 64 bytes. */
const SECRET_BYTES = 32;

export function newSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString("base64")}`;
}

/** A random token of 256 bits needs no salt and no slow hash: there is nothing to guess. */
export function hashToken(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

/** `key`: 32 bytes. The result holds all that `decryptSecret` needs beside the key. */
export function encryptSecret(secret: string, key: Buffer): Buffer {
  return sealText(secret, { key });
}

/** Throws `internal` when the key is another than the one that encrypted it. */
export function decryptSecret(stored: Buffer, key: Buffer): string {
  try {
    return openSealed(stored, { key });
  } catch (cause) {
    throw new AppError({
      code: "internal",
      message: "A source's secret can't be read: SECRETS_KEY is not the one that encrypted it.",
      cause,
    });
  }
}
