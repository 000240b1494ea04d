/** Calls the fake's Web API without Slack's own client, which would hide what the answer says. */
import type { FakeSlackInTest } from "../../support/fake-slack.ts";

export interface Answer {
  readonly ok: boolean;
  readonly error?: string;
  readonly [field: string]: unknown;
}

/** Calls the Web API as a form, the way Slack's own client does. */
export async function call(
  fake: FakeSlackInTest,
  method: string,
  args: Readonly<Record<string, unknown>> = {},
  token: string | null = fake.credentials.botToken,
): Promise<Answer> {
  const fields = Object.entries(args).map(([name, value]): [string, string] => [
    name,
    typeof value === "object" ? JSON.stringify(value) : `${value as string | number | boolean}`,
  ]);
  const response = await fetch(`${fake.apiUrl()}${method}`, {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
  });
  return (await response.json()) as Answer;
}
