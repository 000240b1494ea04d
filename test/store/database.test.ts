import { EventEmitter, once } from "node:events";
import { connect as connectTo, createServer, type Socket } from "node:net";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import {
  type Database,
  inTransaction,
  isConnectionLoss,
  openDatabase,
  type Sql,
} from "../../src/store/database.ts";
import { PATIENT, useDatabase } from "../support/database.ts";

const db = useDatabase();

async function addAdmin(sql: Sql, email: string): Promise<void> {
  await sql.query("insert into admins (email) values ($1)", [email]);
}

async function isAdmin(email: string): Promise<boolean> {
  const { rows } = await db.pool.query("select 1 from admins where admins.email = $1", [email]);
  return rows.length === 1;
}

async function endSession(sql: Sql, database: Database): Promise<void> {
  const { rows } = await sql.query<{ pid: number }>("select pg_backend_pid() as pid");
  // The message has to arrive before the session is used again.
  // Not `once` of events: the error that comes before the end would reject it with nobody listening.
  const ended =
    sql instanceof EventEmitter
      ? new Promise<void>((resolve) => {
          sql.once("end", resolve);
        })
      : undefined;
  await database.query("select pg_terminate_backend($1)", [rows[0]?.pid]);
  expect(ended).toBeDefined();
  await ended;
}

/** A way to the database that can stop passing anything on without closing, as a lost network does. */
async function throughProxy(): Promise<{ readonly port: number; readonly fallSilent: () => void }> {
  const { host, port } = db.poolConfig;
  const sockets: Socket[] = [];
  const server = createServer((client) => {
    const upstream = connectTo(`${String(host)}/.s.PGSQL.${String(port)}`);
    for (const socket of [client, upstream]) socket.on("error", () => {});
    client.pipe(upstream).pipe(client);
    sockets.push(client, upstream);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return {
    port: address.port,
    fallSilent: () => {
      for (const socket of sockets) socket.unpipe();
    },
  };
}

/** A pool whose sessions refuse to begin a transaction, as one that was told to cancel does. */
function refusingToBegin(): Database {
  const pool = db.openPool();
  pool.on("connect", (client) => {
    const query = client.query.bind(client);
    Object.assign(client, {
      query: (...given: Parameters<typeof query>): unknown =>
        given[0] === "begin" ? Promise.reject(new Error("canceling statement")) : query(...given),
    });
  });
  return pool;
}

describe("inTransaction", () => {
  test("does nothing when it can't begin: outside a transaction each statement would commit", async () => {
    const work = inTransaction(refusingToBegin(), async (sql) => {
      await addAdmin(sql, "outside@acme.test");
    });

    await expect(work).rejects.toThrow("canceling statement");
    expect(await isAdmin("outside@acme.test")).toBe(false);
  });

  test("commits what the work did and returns its result", async () => {
    const result = await inTransaction(db.pool, async (sql) => {
      await addAdmin(sql, "committed@acme.test");
      return "done";
    });

    expect(result).toBe("done");
    expect(await isAdmin("committed@acme.test")).toBe(true);
  });

  test("undoes everything when the work throws, and hands on its error", async () => {
    const refusal = new Error("not today");

    const failing = inTransaction(db.pool, async (sql) => {
      await addAdmin(sql, "undone@acme.test");
      throw refusal;
    });

    await expect(failing).rejects.toBe(refusal);
    expect(await isAdmin("undone@acme.test")).toBe(false);
  });

  test("does not pretend to commit when the work swallowed a failed statement", async () => {
    const failing = inTransaction(db.pool, async (sql) => {
      await addAdmin(sql, "swallowed@acme.test");
      await sql.query("select 1 / 0").catch(() => {});
    });

    await expect(failing).rejects.toThrow("a failed statement can't be committed");
    expect(await isAdmin("swallowed@acme.test")).toBe(false);
  });

  test("hands its connection back after an error", async () => {
    const narrow = db.openPool({ max: 1 });
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expect(
        inTransaction(narrow, async (sql) => await sql.query("select 1 / 0")),
      ).rejects.toThrow("division by zero");
    }

    expect((await narrow.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
  });

  test("reports a session that ended between two statements as unavailable, and replaces it", async () => {
    const narrow = db.openPool({ max: 1 });

    const failing = inTransaction(narrow, async (sql) => {
      await addAdmin(sql, "lost@acme.test");
      await endSession(sql, db.pool);
      await addAdmin(sql, "lost-too@acme.test");
    });

    await expect(failing).rejects.toMatchObject({ code: "unavailable", retryable: true });
    expect(await isAdmin("lost@acme.test")).toBe(false);
    await inTransaction(narrow, async (sql) => await addAdmin(sql, "again@acme.test"));
    expect(await isAdmin("again@acme.test")).toBe(true);
  });

  test.each([
    ["nothing listens at the port", { host: "127.0.0.1", port: 1 }],
    ["there is no socket", { host: "/nonexistent" }],
  ])("is unavailable when %s", async (_, address) => {
    const nowhere = openDatabase(address);

    const failing = inTransaction(nowhere, async (sql) => await sql.query("select 1"));

    await expect(failing).rejects.toBeInstanceOf(AppError);
    await expect(failing).rejects.toMatchObject({ code: "unavailable", retryable: true });
    await nowhere.end();
  });
});

describe("a database that stopped answering", () => {
  test("is unavailable after a while, inside and outside of a transaction, and its connection replaced", async () => {
    const proxy = await throughProxy();
    const address = { ...db.poolConfig, host: "127.0.0.1", port: proxy.port };
    const database = openDatabase({ ...PATIENT, ...address, max: 2 });
    const unanswered = { text: "select 1", query_timeout: 100 };
    const inside = inTransaction(database, async (sql) => {
      await addAdmin(sql, "silent@acme.test");
      proxy.fallSilent();
      await sql.query(unanswered);
    });

    await expect(inside).rejects.toMatchObject({ code: "unavailable", retryable: true });
    expect((await database.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    proxy.fallSilent();
    const outside = await database.query(unanswered).catch((error: unknown) => error);
    expect(isConnectionLoss(outside)).toBe(true);
    expect((await database.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    await database.end();
  });
});

describe("openDatabase", () => {
  test("reads dates as text, instants as instants, and money without loss", async () => {
    const { rows } = await db.pool.query(
      `select '2026-10-25'::date as day, '2026-10-25T00:30:00Z'::timestamptz as at,
              123456789012.123456789012::numeric as amount_usd`,
    );

    expect(rows).toEqual([
      {
        day: "2026-10-25",
        at: new Date("2026-10-25T00:30:00Z"),
        amount_usd: "123456789012.123456789012",
      },
    ]);
  });

  test("ends a query that nobody would wait for", async () => {
    const impatient = db.openPool({ statement_timeout: 50 });

    await expect(impatient.query("select pg_sleep(5)")).rejects.toThrow("statement timeout");
  });
});

describe("statements that are sent together", () => {
  test.each([
    ["fails", async (sql: Sql) => await sql.query("select 1 / 0"), "division by zero"],
    ["can't even be sent", async () => await Promise.reject(new Error("not sent")), "not sent"],
  ])("undo everything when one of them %s, and hand on its error", async (_, fail, message) => {
    const narrow = db.openPool({ max: 1 });
    const failing = inTransaction(narrow, async (sql) => {
      await addAdmin(sql, "before@acme.test");
      await Promise.all([
        addAdmin(sql, "beside@acme.test"),
        fail(sql),
        addAdmin(sql, "behind@acme.test"),
      ]);
    });

    await expect(failing).rejects.toThrow(message);
    for (const email of ["before@acme.test", "beside@acme.test", "behind@acme.test"]) {
      expect(await isAdmin(email)).toBe(false);
    }
    expect((await narrow.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
  });
});

describe("statements of one turn", () => {
  /** How often something is sent for these statements. */
  async function writesOf(texts: readonly string[]): Promise<number> {
    const client = await db.pool.connect();
    // Its own socket alone: others of this process may say goodbye in the same moment.
    const { stream } = (client as unknown as { readonly connection: { readonly stream: Socket } })
      .connection;
    const writes = [vi.spyOn(stream, "_write"), vi.spyOn(stream, "_writev")];
    try {
      await Promise.all(texts.map(async (text) => await client.query("select $1", [text])));
      return writes.reduce((sum, { mock }) => sum + mock.calls.length, 0);
    } finally {
      for (const write of writes) write.mockRestore();
      client.release();
    }
  }

  test("are sent in one write", async () => {
    expect(await writesOf(["a", "b", "c"])).toBe(1);
  });

  test("do not wait for each other where they are large", async () => {
    const large = "x".repeat(20_000);
    expect(await writesOf([large, large, "c"])).toBe(3);
  });
});
