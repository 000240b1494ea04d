import { randomBytes } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import { addMs, HOUR_MS, instant } from "../../../src/domain/time.ts";
import { authenticateSource } from "../../../src/features/ingest/authenticate.ts";
import {
  addSource,
  createSourceDirectory,
  listSources,
  removeSource,
  rotateSource,
  type SourceChange,
} from "../../../src/features/sources/index.ts";
import { useDatabase } from "../../support/database.ts";
import { signedHeaders } from "../../support/usage-builders.ts";

const db = useDatabase();
const START = instant("2026-11-23T12:00:00Z");
let now = START;
const secretsKey = randomBytes(32);
const deps = () => ({ database: db.pool, clock: () => now, secretsKey });
const actor = "test";

beforeEach(async () => {
  now = START;
  await db.pool.query(`truncate sources, source_secrets, audit_entries`);
});

function secretOf(change: SourceChange): string {
  if (change.kind !== "done") throw new Error(JSON.stringify(change));
  return change.secret;
}
async function aSource(name = "checkout", isTrusted = true) {
  return secretOf(await addSource(deps(), { name, isTrusted, actor }));
}
async function byToken(token: string, directory = createSourceDirectory(deps())) {
  return await directory.findByToken(token);
}

describe("sources", () => {
  test("the secret is the bearer token of its source, and is stored nowhere readable", async () => {
    const secret = await aSource("checkout", false);

    expect(await byToken(secret)).toEqual({ name: "checkout", isTrusted: false });
    expect(await byToken(`${secret}x`)).toBeUndefined();
    const { rows } = await db.pool.query(`select c::text as row from source_secrets c`);
    expect(JSON.stringify(rows)).not.toContain(secret.slice(6, 30));
    const audit = await db.pool.query(`select a::text as row from audit_entries a`);
    expect(JSON.stringify(audit.rows)).not.toContain(secret.slice(6, 30));
  });

  test("during a rotation both secrets count, afterwards the new one", async () => {
    const before = await aSource();
    const after = secretOf(await rotateSource(deps(), { name: "checkout", graceHours: 24, actor }));

    now = addMs(START, 23 * HOUR_MS);
    expect([await byToken(before), await byToken(after)]).toMatchObject([
      { name: "checkout" },
      { name: "checkout" },
    ]);
    now = addMs(START, 24 * HOUR_MS);
    expect([await byToken(before), await byToken(after)]).toMatchObject([
      undefined,
      { name: "checkout" },
    ]);
    expect(await listSources(deps())).toMatchObject([
      { name: "checkout", secrets: [{ validUntil: undefined }] },
    ]);
  });

  test("a removed source is refused within five seconds, and its name stays taken", async () => {
    const secret = await aSource();
    const directory = createSourceDirectory(deps());
    expect(await byToken(secret, directory)).toBeDefined();

    expect(await removeSource(deps(), { name: "checkout", actor })).toEqual({
      kind: "removed",
      source: "checkout",
    });
    now = addMs(START, 5_000);
    expect(await byToken(secret, directory)).toBeUndefined();
    expect(await addSource(deps(), { name: "checkout", isTrusted: true, actor })).toEqual({
      kind: "refused",
      reason: "taken",
    });
    expect(await listSources(deps())).toEqual([]);
  });

  test.each([
    ["default", "built-in"],
    ["anthropic", "built-in"],
    ["Checkout", "not-a-name"],
    ["", "not-a-name"],
    ["a b", "not-a-name"],
    ["x".repeat(64), "not-a-name"],
  ])("refuses the name %j: %s", async (name, reason) => {
    expect(await addSource(deps(), { name, isTrusted: true, actor })).toEqual({
      kind: "refused",
      reason,
    });
  });

  test("of two who add the same name at once, one gets it", async () => {
    const changes = await Promise.all(
      [1, 2, 3].map(async () => await addSource(deps(), { name: "same", isTrusted: true, actor })),
    );
    expect(changes.map(({ kind }) => kind).toSorted()).toEqual(["done", "refused", "refused"]);
  });

  test("a key that another product made is rotated like ours, also to the same key again", async () => {
    const given = { name: "helicone", actor, secret: "hmac-key-of-another-product" };
    await addSource({ ...deps(), secretsKey: undefined }, { ...given, isTrusted: false });
    const signing = async () =>
      (await createSourceDirectory(deps()).listSigningSecrets("helicone"))?.secrets;
    expect(await signing()).toEqual([]);

    const same = await rotateSource(deps(), { ...given, graceHours: 1 });
    expect(same).toMatchObject({ kind: "done", maySign: true });
    expect(await signing()).toEqual([given.secret]);

    now = addMs(START, HOUR_MS);
    await rotateSource(deps(), { ...given, graceHours: 1, secret: "their-next-key-0123" });
    expect(await signing()).toEqual(["their-next-key-0123", given.secret]);
    expect(await byToken(given.secret)).toMatchObject({ name: "helicone" });
    now = addMs(now, HOUR_MS);
    expect(await signing()).toEqual(["their-next-key-0123"]);
  });

  test("a secret is one source's, until it counts no more for it", async () => {
    const secret = await aSource("one");
    const two = { name: "two", isTrusted: false, actor, secret };
    await expect(addSource(deps(), two)).rejects.toThrow("Another source has that secret.");
    await aSource("three");
    await expect(
      rotateSource(deps(), { name: "three", graceHours: 0, actor, secret }),
    ).rejects.toThrow("Another source has that secret.");
    expect(await byToken(secret)).toMatchObject({ name: "one" });
    expect((await listSources(deps())).map(({ name }) => name)).toEqual(["one", "three"]);

    await removeSource(deps(), { name: "one", actor });
    expect(await addSource(deps(), two)).toMatchObject({ kind: "done", source: "two" });
    expect(await byToken(secret)).toMatchObject({ name: "two" });
  });

  test("two rotations at once leave the secrets of both", async () => {
    await aSource();
    const rotated = await Promise.all(
      [1, 2].map(async () =>
        secretOf(await rotateSource(deps(), { name: "checkout", graceHours: 1, actor })),
      ),
    );
    expect(await Promise.all(rotated.map(async (secret) => await byToken(secret)))).not.toContain(
      undefined,
    );
  });
});

describe("authenticateSource", () => {
  const body = Buffer.from("{}");
  const authenticate = async (
    headers: Record<string, string>,
    sourceName?: string,
    key: Buffer | undefined = secretsKey,
  ) =>
    await authenticateSource(
      { sources: createSourceDirectory({ ...deps(), secretsKey: key }), ingestSecret: undefined },
      { headers, body, sourceName },
    );

  test("takes a signature made with either secret of a rotation", async () => {
    const secrets = [
      await aSource(),
      secretOf(await rotateSource(deps(), { name: "checkout", graceHours: 1, actor })),
    ];
    for (const secret of secrets) {
      // oxlint-disable-next-line no-await-in-loop -- two cases of one statement
      expect(await authenticate(signedHeaders(secret, "{}"), "checkout")).toMatchObject({
        name: "checkout",
      });
    }
  });

  test("after a change of SECRETS_KEY a rotation is enough, though the secret before can't be read", async () => {
    const before = await aSource();
    const nextKey = randomBytes(32);
    await expect(
      authenticate(signedHeaders(before, "{}"), "checkout", nextKey),
    ).rejects.toMatchObject({ code: "internal" });

    const after = secretOf(
      await rotateSource(
        { ...deps(), secretsKey: nextKey },
        { name: "checkout", graceHours: 24, actor },
      ),
    );
    expect(await authenticate(signedHeaders(after, "{}"), "checkout", nextKey)).toMatchObject({
      name: "checkout",
    });
    await expect(
      authenticate(signedHeaders(before, "{}"), "checkout", nextKey),
    ).rejects.toMatchObject({ code: "unauthorized" });
  });

  test.each(["hmac key with no base64", "abc=def=ghi=jkl=", "whsec_"])(
    "nobody signs with %j, which is no Standard Webhooks secret",
    async (secret) => {
      await addSource(deps(), { name: "helicone", isTrusted: false, actor, secret });
      const headers = signedHeaders("whsec_MDEyMzQ1Njc4OWFiY2RlZg==", "{}");
      await expect(authenticate(headers, "helicone")).rejects.toMatchObject({
        code: "unauthorized",
      });
    },
  );

  test("refuses another source's signature, an unknown source, and a source by default", async () => {
    const secret = await aSource("one");
    await aSource("two");
    await expect(authenticate(signedHeaders(secret, "{}"), "two")).rejects.toThrow(/signature/i);
    await expect(authenticate(signedHeaders(secret, "{}"), "three")).rejects.toThrow(/signatures/);
    await expect(authenticate(signedHeaders(secret, "{}"))).rejects.toThrow(/INGEST_SECRET/);
  });

  test("without SECRETS_KEY a source has its bearer token, and signatures say why not", async () => {
    const plain = { ...deps(), secretsKey: undefined };
    const secret = secretOf(await addSource(plain, { name: "plain", isTrusted: false, actor }));

    expect(await authenticate({ authorization: `Bearer ${secret}` })).toMatchObject({
      name: "plain",
    });
    await expect(authenticate(signedHeaders(secret, "{}"), "plain")).rejects.toThrow(/signatures/);
    const encrypted = await aSource("encrypted");
    const withoutKey = createSourceDirectory(plain);
    await expect(
      authenticateSource(
        { sources: withoutKey, ingestSecret: undefined },
        { headers: signedHeaders(encrypted, "{}"), body, sourceName: "encrypted" },
      ),
    ).rejects.toThrow(/SECRETS_KEY/);
  });
});
