/** Transcripts as Claude Code writes them, made up: the same for the same seed. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { seededRandom } from "../support/seeded-random.ts";

export interface Transcripts {
  readonly bytes: number;
  /** Answers, each with an id of its own. */
  readonly answers: number;
}

interface Shape {
  readonly sessions: number;
  readonly answersPerSession: number;
  readonly until: Date;
}

const WORDS =
  'const return function import export value if else the build test error line file path null await async type interface string number tool result { } ; // fix "quoted" \n'.split(
    " ",
  );
/** What tools answered and files held: the bulk of a transcript. */
const TOOL_RESULT_CHARS = 4_500;
const ANSWER_CHARS = 900;
const INPUT_CHARS = 400;

/**
 * Writes `folder/projects/<project>/<session>.jsonl`. Each answer follows a tool's result, which
 * stands there twice, and takes a line for each of its one to three blocks, as the real ones do.
 */
export async function writeTranscripts(folder: string, shape: Shape): Promise<Transcripts> {
  const { below, pick } = seededRandom(7);
  const words = Array.from({ length: 60_000 }, () => pick(WORDS)).join(" ");
  const text = (charsMean: number): string => {
    const length = Math.min(
      40_000,
      Math.floor(-Math.log(1 - below(1_000) / 1_000.001) * charsMean),
    );
    const at = below(words.length - length);
    return words.slice(at, at + length);
  };
  let answers = 0;
  let bytes = 0;
  for (let session = 0; session < shape.sessions; session += 1) {
    const project = join(folder, "projects", `-home-dev-app-${String(session % 7)}`);
    const sessionId = `${String(session).padStart(8, "0")}-0000-4000-8000-000000000000`;
    let at = shape.until.getTime() - (shape.sessions - session) * 20 * 60_000;
    const lines: object[] = [{ type: "summary", summary: "Fix the build", leafUuid: "l" }];
    const line = (type: string, rest: object): void => {
      const timestamp = new Date(at).toISOString();
      const about = {
        parentUuid: "p",
        isSidechain: false,
        userType: "external",
        cwd: "/home/dev/app",
      };
      const of = {
        sessionId,
        version: "2.1.230",
        gitBranch: "main",
        type,
        uuid: `u${String(lines.length)}`,
      };
      lines.push({ ...about, ...of, timestamp, ...rest });
    };
    for (let turn = 0; turn < shape.answersPerSession; turn += 1) {
      answers += 1;
      at += 4_000;
      const content = text(TOOL_RESULT_CHARS);
      line("user", {
        message: {
          role: "user",
          content: [{ type: "tool_result", tool_use_id: "toolu_1", content }],
        },
        toolUseResult: { stdout: content, stderr: "", interrupted: false },
      });
      const blocks = 1 + below(3);
      const usage = {
        input_tokens: 4,
        cache_creation_input_tokens: below(4_000),
        cache_read_input_tokens: below(120_000),
        cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
        service_tier: "standard",
      };
      for (let block = 1; block <= blocks; block += 1) {
        const isLast = block === blocks;
        const said = isLast
          ? { type: "tool_use", id: "toolu_1", name: "Bash", input: { command: text(INPUT_CHARS) } }
          : { type: "text", text: text(ANSWER_CHARS) };
        line("assistant", {
          message: {
            id: `msg_${String(answers)}`,
            type: "message",
            role: "assistant",
            model: answers % 5 === 0 ? "claude-haiku-4-5-20251001" : "claude-opus-4-8",
            content: [said],
            stop_reason: isLast ? "tool_use" : null,
            usage: { ...usage, output_tokens: isLast ? 20 + below(1_500) : 1 },
          },
          requestId: `req_${String(answers)}`,
        });
      }
    }
    const content = `${lines.map((one) => JSON.stringify(one)).join("\n")}\n`;
    bytes += Buffer.byteLength(content);
    // oxlint-disable-next-line no-await-in-loop -- one session after the other
    await mkdir(project, { recursive: true });
    // oxlint-disable-next-line no-await-in-loop -- one session after the other
    await writeFile(join(project, `${sessionId}.jsonl`), content);
  }
  return { bytes, answers };
}
