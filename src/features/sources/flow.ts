/** Sources, the steps: add, rotate, remove; and which source a request is from. */
import { AppError } from "../../domain/errors.ts";
import { addMs, type Clock, type Instant } from "../../domain/time.ts";
import { recordAudit } from "../../store/audit.ts";
import { type Database, inTransaction, type Sql } from "../../store/database.ts";
import { graceEnd, isValidAt, type NameProblem, problemOfName, type Source } from "./rules.ts";
import { decryptSecret, encryptSecret, hashToken, newSecret } from "./secrets.ts";
import * as store from "./store.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
  /** 32 bytes; undefined: secrets are kept as hashes only, for bearer tokens. */
  readonly secretsKey: Buffer | undefined;
}

export type SourceChange =
  /** The secret is shown now and never again. */
  | {
      readonly kind: "done";
      readonly source: string;
      readonly secret: string;
      readonly maySign: boolean;
      /** Of a rotation: until when the secrets before it count. */
      readonly graceUntil?: Instant;
    }
  | { readonly kind: "removed"; readonly source: string }
  | { readonly kind: "refused"; readonly reason: NameProblem | "taken" | "unknown" };

export async function addSource(
  deps: Deps,
  {
    name,
    isTrusted,
    isTrustedForPeople = true,
    actor,
    secret: given,
  }: Source & {
    readonly actor: string;
    /** Made elsewhere, for products that make the key themselves; undefined: a new one. */
    readonly secret?: string | undefined;
  },
): Promise<SourceChange> {
  const problem = problemOfName(name);
  if (problem !== undefined) return { kind: "refused", reason: problem };
  return await inTransaction(deps.database, async (sql) => {
    const now = deps.clock();
    const trust = { name, isTrusted, isTrustedForPeople };
    if (!(await store.insertSource(sql, trust, now))) {
      return { kind: "refused", reason: "taken" };
    }
    const secret = await addSecret(deps, sql, { source: name, secret: given ?? newSecret() });
    await audit(sql, { action: "source added", name, actor, now, after: trust });
    return secret;
  });
}

/**
 * Makes a new secret, or takes the given one, which may be the one before: then it is kept anew,
 * under the SECRETS_KEY of now. The ones before count for `graceHours` more.
 */
export async function rotateSource(
  deps: Deps,
  {
    name,
    graceHours,
    actor,
    secret: given,
  }: {
    readonly name: string;
    readonly graceHours: number;
    readonly actor: string;
    /** Made elsewhere, as in `addSource`. */
    readonly secret?: string | undefined;
  },
): Promise<SourceChange> {
  return await inTransaction(deps.database, async (sql) => {
    const now = deps.clock();
    if ((await store.findSourceForUpdate(sql, name)) === undefined) {
      return { kind: "refused", reason: "unknown" };
    }
    const until = graceEnd(now, graceHours);
    await store.endSecrets(sql, name, until);
    const secret = await addSecret(deps, sql, { source: name, secret: given ?? newSecret() });
    await audit(sql, { action: "source rotated", name, actor, now, after: { graceUntil: until } });
    return { ...secret, graceUntil: until };
  });
}

/** Nothing of it is taken any more; what it sent stays. */
export async function removeSource(
  deps: Deps,
  { name, actor }: { readonly name: string; readonly actor: string },
): Promise<SourceChange> {
  return await inTransaction(deps.database, async (sql) => {
    const now = deps.clock();
    if ((await store.findSourceForUpdate(sql, name)) === undefined) {
      return { kind: "refused", reason: "unknown" };
    }
    await store.endSecrets(sql, name, now);
    await store.updateRemoved(sql, name, now);
    await audit(sql, { action: "source removed", name, actor, now });
    return { kind: "removed", source: name };
  });
}

/** Every source there is, with the secrets that count now. */
export async function listSources({
  database,
  clock,
}: Pick<Deps, "database" | "clock">): Promise<readonly store.SourceOverview[]> {
  const now = clock();
  const sources = await store.listSources(database);
  return await Promise.all(
    sources.map(async (source) => ({
      ...source,
      secrets: (await store.listSecrets(database, source.name)).filter((one) =>
        isValidAt(one, now),
      ),
    })),
  );
}

async function addSecret(
  deps: Deps,
  sql: Sql,
  { source, secret }: { readonly source: string; readonly secret: string },
): Promise<Extract<SourceChange, { readonly kind: "done" }>> {
  const encrypted =
    deps.secretsKey === undefined ? undefined : encryptSecret(secret, deps.secretsKey);
  const isAdded = await store.upsertSecret(
    sql,
    { source, tokenSha256: hashToken(secret), encrypted },
    deps.clock(),
  );
  if (!isAdded) {
    throw new AppError({
      code: "conflict",
      message: "Another source has that secret. It says whose an event is: give each its own.",
    });
  }
  return { kind: "done", source, secret, maySign: encrypted !== undefined };
}

async function audit(
  sql: Sql,
  entry: {
    readonly action: string;
    readonly name: string;
    readonly actor: string;
    readonly now: Instant;
    readonly after?: Readonly<Record<string, unknown>>;
  },
): Promise<void> {
  await recordAudit(sql, {
    occurredAt: entry.now,
    actor: entry.actor,
    action: entry.action,
    subject: `source:${entry.name}`,
    ...(entry.after === undefined ? {} : { after: entry.after }),
  });
}

/**
 * The source of that name, as it was when it sent. Names that nobody added are the built-in one's,
 * or those that an operator gave to an import: both are believed.
 */
export async function findSource(database: Database, name: string): Promise<Source> {
  return (await store.findSource(database, name)) ?? { name, isTrusted: true };
}

/** How long a replica goes on with what it knows of a token: a removal counts within this time. */
const REMEMBERED_MS = 5_000;
const TOKENS_REMEMBERED_MAX = 10_000;

export interface SourceDirectory {
  /** The source whose bearer token this is; undefined when it is nobody's. */
  readonly findByToken: (token: string) => Promise<Source | undefined>;
  /** Secrets that a signature of that source may have been made with, newest first. */
  readonly listSigningSecrets: (
    name: string,
  ) => Promise<{ readonly source: Source; readonly secrets: readonly string[] } | undefined>;
}

/** Answers from the database, and for a few seconds from memory: every request asks. */
export function createSourceDirectory({ database, clock, secretsKey }: Deps): SourceDirectory {
  const byHash = new Map<
    string,
    { readonly source: Source | undefined; readonly until: Instant }
  >();
  return {
    findByToken: async (token) => {
      const now = clock();
      const hash = hashToken(token);
      const key = hash.toString("base64");
      const known = byHash.get(key);
      if (known !== undefined && now < known.until) return known.source;
      const secret = await store.findSecretByHash(database, hash);
      const source = secret !== undefined && isValidAt(secret, now) ? secret.source : undefined;
      if (byHash.size >= TOKENS_REMEMBERED_MAX) byHash.clear();
      byHash.set(key, { source, until: addMs(now, REMEMBERED_MS) });
      return source;
    },
    listSigningSecrets: async (name) => {
      const now = clock();
      const stored = (await store.listSecrets(database, name)).filter((one) => isValidAt(one, now));
      const [first] = stored;
      if (first === undefined) return undefined;
      const encrypted = stored.flatMap((one) =>
        one.encrypted === undefined ? [] : [one.encrypted],
      );
      if (encrypted.length > 0 && secretsKey === undefined) {
        throw new AppError({
          code: "unauthorized",
          message: `Signatures of source ${name} can't be checked: this server has no SECRETS_KEY. Send the secret as a bearer token.`,
        });
      }
      return {
        source: first.source,
        secrets: secretsKey === undefined ? [] : readableSecrets(encrypted, secretsKey),
      };
    },
  };
}

/**
 * After a change of SECRETS_KEY and a rotation, the secret before can't be read any more while the
 * new one can. Throws when none can.
 */
function readableSecrets(encrypted: readonly Buffer[], secretsKey: Buffer): readonly string[] {
  const secrets: string[] = [];
  let failure: AppError | undefined;
  for (const one of encrypted) {
    try {
      secrets.push(decryptSecret(one, secretsKey));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      failure = error;
    }
  }
  if (secrets.length === 0 && failure !== undefined) throw failure;
  return secrets;
}
