/**
 * Secrets of sources: made here, shown once. A bearer token is stored as its hash only. A signature
 * needs the secret itself, so it is kept encrypted under SECRETS_KEY, or not at all.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { AppError } from "../../domain/errors.ts";

const CIPHER = "aes-256-gcm";
const IV_BYTES = 12;
const TAG_BYTES = 16;
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
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, key, iv);
  const encrypted = Buffer.concat([cipher.update(secret, "utf8"), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), encrypted]);
}

/** Throws `internal` when the key is another than the one that encrypted it. */
export function decryptSecret(stored: Buffer, key: Buffer): string {
  try {
    const decipher = createDecipheriv(CIPHER, key, stored.subarray(0, IV_BYTES));
    decipher.setAuthTag(stored.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    return (
      decipher.update(stored.subarray(IV_BYTES + TAG_BYTES), undefined, "utf8") +
      decipher.final("utf8")
    );
  } catch (cause) {
    throw new AppError({
      code: "internal",
      message: "A source's secret can't be read: SECRETS_KEY is not the one that encrypted it.",
      cause,
    });
  }
}
