/** What docs/sources.md shows is what the native endpoint takes. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { onlyEvent, parseDelivery } from "../../../support/native-deliveries.ts";

const text = readFileSync("docs/sources.md", "utf8");

function examplesUnder(heading: string): readonly string[] {
  const from = text.slice(text.indexOf(`\n## ${heading}\n`) + 1);
  const section = from.slice(0, from.indexOf("\n## ") === -1 ? undefined : from.indexOf("\n## "));
  return [...section.matchAll(/```json\n([^]*?)```/g)].map(([, json = ""]) => json);
}

test.each([
  ["Native events", "application/json", ["req_011CX"]],
  ["CloudEvents", "application/cloudevents+json", ["/checkout|A234-1234"]],
  [
    "Anthropic's responses, streams and batch results",
    "application/json",
    [
      "req_018EeWyXxfu5pfWkrYcMdjWG",
      "req_018EeWyXxfu5pfWkrYcMdjWG",
      "msg_01G8",
      "msg_014VwiXbi91y3JMjcpyGBHX5",
    ],
  ],
])("%s: each example is an event", (heading, contentType, eventIds) => {
  const examples = examplesUnder(heading).map((json) =>
    onlyEvent(parseDelivery(json, { contentType })),
  );
  expect(examples.map((event) => event.eventId)).toEqual(eventIds);
});
