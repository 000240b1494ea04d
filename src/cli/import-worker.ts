/** One thread that reads for an import: the other end of import-crew.ts. */
import { parentPort } from "node:worker_threads";
import { assert } from "../domain/assert.ts";
import { instant } from "../domain/time.ts";
import { createUsageReading, type ReadEvent } from "../features/ingest/reading.ts";
import type { FromThread, ToThread } from "./import-crew.ts";
import { nameOf, readInput } from "./import-input.ts";

/** Few messages, and still some for every batch that is recorded. */
const EVENTS_PER_MESSAGE = 500;
/** The next are read while these are priced and recorded. */
const MESSAGES_NOT_TAKEN_MAX = 4;
/** Progress is told in steps of this, and with every message. */
const BYTES_PER_STEP = 8 * 1024 * 1024;

const port = parentPort;
assert(port !== null, "a crew starts this file as a thread");
const tell = (message: FromThread): void => port.postMessage(message);

const answers: ((message: ToThread) => void)[] = [];
const state = { notTaken: 0, bytes: 0 };
let onTaken = (): void => undefined;
port.on("message", (message: ToThread) => {
  if (message.kind === "taken") {
    state.notTaken -= 1;
    onTaken();
  } else answers.shift()?.(message);
});
const heard = async (): Promise<ToThread> =>
  await new Promise((resolve) => {
    answers.push(resolve);
  });

let events: ReadEvent[] = [];
function tellBytes(): void {
  if (state.bytes > 0) tell({ kind: "bytes", bytes: state.bytes });
  state.bytes = 0;
}
function tellEvents(): void {
  tellBytes();
  if (events.length === 0) return;
  tell({ kind: "events", events });
  events = [];
  state.notTaken += 1;
}
async function makeRoom(): Promise<void> {
  if (events.length >= EVENTS_PER_MESSAGE) tellEvents();
  if (state.bytes >= BYTES_PER_STEP) tellBytes();
  while (state.notTaken >= MESSAGES_NOT_TAKEN_MAX) {
    // oxlint-disable-next-line no-await-in-loop -- until there is room
    await new Promise<void>((resolve) => {
      onTaken = resolve;
    });
  }
}

async function nextPath(): Promise<string | undefined> {
  const answered = heard();
  tell({ kind: "next" });
  const answer = await answered;
  return answer.kind === "file" ? answer.path : undefined;
}

const first = await heard();
assert(first.kind === "task", "a crew says first what there is to do");
const reading = createUsageReading({
  ...first.task,
  now: instant(first.task.now),
  onEvent: (event) => events.push(event),
  onProblem: (problem) => tell({ kind: "problem", problem }),
  makeRoom,
});
for (let path = await nextPath(); path !== undefined; path = await nextPath()) {
  const chunks = readInput(path, (bytes) => {
    state.bytes += bytes;
  });
  // oxlint-disable-next-line no-await-in-loop -- one file after the other, in bounded memory
  await reading.read({ name: nameOf(path), chunks });
}
tellEvents();
tell({ kind: "done", totals: reading.totals() });
port.close();
