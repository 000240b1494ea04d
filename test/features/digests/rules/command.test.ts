import { expect, test } from "vitest";
import { parseDigestCommand } from "../../../../src/features/digests/rules/command.ts";

test.each([
  ["", { isSending: false, scopeText: "", every: undefined }],
  ["search", { isSending: false, scopeText: "search", every: undefined }],
  ["Team X weekly", { isSending: false, scopeText: "Team X", every: "week" }],
  ["month", { isSending: false, scopeText: "", every: "month" }],
  ["daily org", { isSending: false, scopeText: "org", every: "day" }],
  ["send", { isSending: true, scopeText: "", every: undefined }],
  ["SEND team:search WEEK", { isSending: true, scopeText: "team:search", every: "week" }],
  ["org day send", { isSending: true, scopeText: "org", every: "day" }],
  [
    "  send   project:checkout  ",
    { isSending: true, scopeText: "project:checkout", every: undefined },
  ],
] as const)("understands “%s”", (text, expected) => {
  expect(parseDigestCommand(text)).toEqual(expected);
});
