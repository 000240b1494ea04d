/**
 * Texts that stand encrypted in the database: AES-256-GCM under a key that the database never sees.
 * A text may be bound to its place, so that it can't be read from another row.
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

const CIPHER = "aes-256-gcm";
const IV_BYTES = 12;
const TAG_BYTES = 16;

export interface Sealing {
  /** 32 bytes. */
  readonly key: Buffer;
  /** What it belongs to, for example the id of its row; the same is needed to read it. */
  readonly boundTo?: string;
}

/** The result holds all that `openSealed` needs beside the key and what it is bound to. */
export function sealText(text: string, { key, boundTo = "" }: Sealing): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, key, iv).setAAD(Buffer.from(boundTo));
  const encrypted = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), encrypted]);
}

/** Throws when the key or what it is bound to is another, or a byte was changed. */
export function openSealed(sealed: Buffer, { key, boundTo = "" }: Sealing): string {
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, IV_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(Buffer.from(boundTo));
  decipher.setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  return (
    decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES), undefined, "utf8") +
    decipher.final("utf8")
  );
}
