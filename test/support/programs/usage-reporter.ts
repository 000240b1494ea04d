/** An app that reports a few messages and then ends, in the way that its first argument names. */
import { createUsageReporter } from "../../../src/client/index.ts";

const [how, url = "", secret = "", exitTimeoutMs] = process.argv.slice(2);

const say = (word: string, value: unknown): void => {
  process.stdout.write(`${word} ${JSON.stringify(value)}\n`);
};
let reportedAt = 0;
const reporter = createUsageReporter({
  url,
  secret,
  exitTimeoutMs: Number(exitTimeoutMs),
  onProblem: (problem) => {
    say("problem", problem);
    say("after", performance.now() - reportedAt);
  },
});

if (how !== "idle") {
  for (const id of ["msg_1", "msg_2", "msg_3"]) {
    const usage = { input_tokens: 1, output_tokens: 2 };
    reporter.report({ message: { id, model: "claude-haiku-5-5", usage } });
  }
}
reportedAt = performance.now();
say("reported", reporter.counts().reported);
// After the reporter's own listener: whether something is to be waited for now.
process.once("beforeExit", () => {
  say("waits", process.getActiveResourcesInfo().includes("Timeout"));
});
if (how === "exit") process.exit(0);
if (how === "flush") {
  const isDone = await reporter.flush();
  say("flushed", isDone);
  process.exit(0);
}
