/** An app that reports a few messages and then ends, in the way that its first argument names. */
import { createUsageReporter } from "../../../src/client/index.ts";

const [how, url = "", secret = ""] = process.argv.slice(2);

const say = (word: string, value: unknown): void => {
  process.stdout.write(`${word} ${JSON.stringify(value)}\n`);
};
const reporter = createUsageReporter({
  url,
  secret,
  exitTimeoutMs: 700,
  onProblem: (problem) => say("problem", problem),
});

if (how !== "idle") {
  for (const id of ["msg_1", "msg_2", "msg_3"]) {
    const usage = { input_tokens: 1, output_tokens: 2 };
    reporter.report({ message: { id, model: "claude-haiku-5-5", usage } });
  }
}
say("reported", reporter.counts().reported);
if (how === "exit") process.exit(0);
if (how === "flush") {
  const isDone = await reporter.flush();
  say("flushed", isDone);
  process.exit(0);
}
