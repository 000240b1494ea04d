import pino from "pino";
import { describe, expect, test } from "vitest";
import { createHttpServer } from "../../src/http/server.ts";

function serverThatThrows(error: Error): ReturnType<typeof createHttpServer> {
  const app = createHttpServer({ log: pino({ level: "silent" }), mounts: [] });
  app.get("/fails", () => {
    throw error;
  });
  return app;
}

function postgresError(code: string): Error {
  return Object.assign(new Error("from Postgres"), { code });
}

describe("what a failure means to a client", () => {
  test.each([
    ["a statement that took too long", "57014"],
    ["a deadlock", "40P01"],
    ["a serialization failure", "40001"],
    ["a lost connection", "57P01"],
  ])("%s is 503 with Retry-After", async (_, code) => {
    const answer = await serverThatThrows(postgresError(code)).inject("/fails");

    expect(answer.statusCode).toBe(503);
    expect(answer.headers["retry-after"]).toBe("5");
    expect(answer.json()).toMatchObject({ error: { code: "unavailable" } });
  });

  test("a bug of ours is 500 and tells nothing but an id", async () => {
    const answer = await serverThatThrows(new Error("secret detail")).inject("/fails");

    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain("secret detail");
    expect(answer.json()).toMatchObject({ error: { code: "internal" } });
  });

  test("an address that is none is answered in the same form as everything else", async () => {
    const app = createHttpServer({ log: pino({ level: "silent" }), mounts: [] });

    const answer = await app.inject("/v1/%zz");

    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ error: { code: "invalid" } });
  });
});

test("a request that is sent too slowly is cut off, an idle connection kept for load balancers", async () => {
  const app = createHttpServer({ log: pino({ level: "silent" }), mounts: [] });
  await app.listen({ port: 0, host: "127.0.0.1" });

  expect(app.server.requestTimeout).toBe(30_000);
  expect(app.server.keepAliveTimeout).toBeGreaterThan(60_000);
  await app.close();
});
