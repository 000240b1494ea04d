import { expect, test } from "vitest";
import { emailFrom } from "../../../src/domain/email.ts";
import type { ExternalIdentity } from "../../../src/domain/identity.ts";
import { confirmationAnswer, linksMessage } from "../../../src/features/people/messages.ts";
import { shownLines } from "../../support/shown.ts";

const BO = emailFrom("bo@acme.test");
const ADDRESS: ExternalIdentity = { kind: "email", source: "", externalId: "dev@acme.test" };

test("a Slack user among one's names is shown by the name that people know", () => {
  const slackUser: ExternalIdentity = {
    kind: "slack_user",
    source: "",
    externalId: "U03BOCHEN00",
  };
  const { blocks } = linksMessage({ person: BO, identities: [slackUser, ADDRESS], linkedNow: 0 });
  const lines = shownLines(blocks).join("\n");
  expect(lines).toContain("• Slack user <@U03BOCHEN00>");
  expect(lines).toContain("• e-mail address dev@acme.test");
});

test("what becomes of a claim is a sentence", () => {
  const of = { identity: ADDRESS, person: BO };
  expect(confirmationAnswer("linked", of).text).toBe(
    "E-mail address dev@acme.test counts as bo@acme.test now.",
  );
  expect(confirmationAnswer("declined", of).text).toBe(
    "Nothing was changed: e-mail address dev@acme.test does not count as bo@acme.test.",
  );
});
