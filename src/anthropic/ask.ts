/**
 * One question to Claude, answered by a call of the one tool that it is given. Nothing else of an
 * answer is used; whoever asks checks what the tool was called with.
 */
import { APIError } from "@anthropic-ai/sdk";
import { AppError } from "../domain/errors.ts";
import { type AdminAccess, adminClient } from "./access.ts";

/** A person waits in Slack. */
const TIMEOUT_MS = 15_000;
/** Enough for a few short fields. */
const TOKENS_MAX = 400;
/** The cheapest that follows a schema well. */
const MODEL = "claude-haiku-5-5";

export interface ToolRequest {
  readonly system: string;
  readonly question: string;
  readonly tool: {
    readonly name: string;
    readonly description: string;
    /** JSON Schema of an object. */
    readonly inputSchema: { readonly type: "object"; readonly [key: string]: unknown };
  };
}

/** What Claude calls the tool with, unchecked. An `AppError` when there is no such answer. */
export async function askClaude(access: AdminAccess, request: ToolRequest): Promise<unknown> {
  const client = adminClient(access, { timeoutMs: TIMEOUT_MS, retriesMax: 1 });
  const { name, description, inputSchema } = request.tool;
  try {
    const answer = await client.messages.create({
      model: MODEL,
      max_tokens: TOKENS_MAX,
      system: request.system,
      messages: [{ role: "user", content: request.question }],
      tools: [{ name, description, input_schema: inputSchema }],
      tool_choice: { type: "tool", name, disable_parallel_tool_use: true },
    });
    const call = answer.content.find((block) => block.type === "tool_use" && block.name === name);
    if (call?.type === "tool_use") return call.input;
  } catch (error) {
    if (!(error instanceof APIError)) throw error;
    throw unavailable(error);
  }
  throw unavailable(undefined);
}

function unavailable(cause: APIError | undefined): AppError {
  return new AppError({
    code: "unavailable",
    message: "Claude did not answer the question.",
    retryable: true,
    cause,
  });
}
