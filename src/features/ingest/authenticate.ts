/** Which source a delivery is from: by its bearer token, or by a signature over the raw bytes. */
import {
  bearerOf,
  isSameSecret,
  type RequestHeaders,
  unauthorized,
  verifySignature,
} from "../../http/authorization.ts";
import { DEFAULT_SOURCE, type Source, type SourceDirectory } from "../sources/index.ts";
import { verifyHeliconeSignature } from "./adapters/helicone.ts";

export interface Credentials {
  readonly headers: RequestHeaders;
  readonly body: Buffer;
  /** `?source=NAME`: whose signature it is; a bearer token says so itself. */
  readonly sourceName: string | undefined;
}

interface Deps {
  readonly sources: SourceDirectory;
  /** Secret of the built-in source; undefined: there is none. */
  readonly ingestSecret: string | undefined;
}

/** The source that the request proves to be; throws `unauthorized` when it proves none. */
export async function authenticateSource(deps: Deps, credentials: Credentials): Promise<Source> {
  const { headers, body, sourceName = DEFAULT_SOURCE.name } = credentials;
  const bearer = bearerOf(headers);
  if (bearer !== undefined) return await sourceOfToken(deps, bearer);
  const { source, secrets } = await signingSecretsOf(deps, sourceName);
  verifySignature({ secrets, headers, body });
  return source;
}

async function sourceOfToken({ sources, ingestSecret }: Deps, token: string): Promise<Source> {
  if (ingestSecret !== undefined && isSameSecret(token, ingestSecret)) return DEFAULT_SOURCE;
  const source = await sources.findByToken(token);
  if (source === undefined) throw unauthorized("The bearer token is not the one of any source.");
  return source;
}

/** Helicone signs in its own way; `?source=NAME` says with whose HMAC key. A bearer token will do, too. */
export async function authenticateHelicone(deps: Deps, credentials: Credentials): Promise<Source> {
  const { headers, body, sourceName = DEFAULT_SOURCE.name } = credentials;
  const bearer = bearerOf(headers);
  if (bearer !== undefined) return await sourceOfToken(deps, bearer);
  const { source, secrets } = await signingSecretsOf(deps, sourceName);
  const failures = secrets.flatMap((secret) => {
    try {
      verifyHeliconeSignature({ secret, headers, body });
      return [];
    } catch (error) {
      return [error];
    }
  });
  if (failures.length === secrets.length) throw failures[0];
  return source;
}

/** Secrets that may have signed a request of that source. */
async function signingSecretsOf(
  { sources, ingestSecret }: Deps,
  sourceName: string,
): Promise<{ readonly source: Source; readonly secrets: readonly string[] }> {
  if (sourceName === DEFAULT_SOURCE.name) {
    if (ingestSecret !== undefined) return { source: DEFAULT_SOURCE, secrets: [ingestSecret] };
    throw unauthorized(
      "This server has no INGEST_SECRET, so there is no default source. Set one, or add a source with `claude-spend sources add`.",
    );
  }
  const found = await sources.listSigningSecrets(sourceName);
  // The same answer as for a wrong signature: names of sources are nobody's business.
  if (found === undefined || found.secrets.length === 0) {
    throw unauthorized("No secret of this source can check signatures.");
  }
  return found;
}
