import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  actions,
  type Block,
  bar,
  button,
  commandText,
  context,
  DIVIDER,
  escapeText,
  fields,
  header,
  input,
  message,
  modal,
  option,
  section,
  select,
  slackDate,
  truncate,
} from "../../src/slack/blocks.ts";

const HOSTILE = [
  "<!channel>",
  "<!here|here>",
  "<@U0000001>",
  "<https://evil.test|safe>",
  "&lt;!channel&gt;",
  "👩‍👩‍👧‍👦",
  "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
  "\uD83D",
  "\uDE00\uD83D",
  "\u0000\u0007",
  "שלום مرحبا",
  "\u202Egnp.exe",
  "*bold* _it_ ~no~ `code`",
  "&".repeat(40),
  "\n\n```\n",
  "",
];
const anyText = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ unit: "binary", maxLength: 300 }),
  fc
    .tuple(fc.constantFrom(...HOSTILE, "a", "😀"), fc.integer({ min: 1, max: 10_000 }))
    .map(([unit, length]) =>
      unit.repeat(Math.ceil(length / Math.max(1, unit.length))).slice(0, length),
    ),
);
const anyButton = fc
  .record({ text: anyText, title: anyText, body: anyText })
  .map(({ text, title, body }) =>
    button({ actionId: "a", text, value: "id-1", confirm: { title, text: body, yes: text } }),
  );
const anyBlock: fc.Arbitrary<Block> = fc.oneof(
  anyText.map(header),
  anyText.map((text) => section(text)),
  anyText.map((text) => section(escapeText(text))),
  fc.tuple(anyText, anyButton).map(([text, accessory]) => section(text, accessory)),
  fc.array(anyText, { minLength: 1, maxLength: 14 }).map(fields),
  fc.array(anyText, { minLength: 1, maxLength: 14 }).map((texts) => context(...texts)),
  fc.array(anyButton, { minLength: 1, maxLength: 30 }).map((buttons) => actions(buttons)),
  fc.constant(DIVIDER),
);

/** Slack's limits, written once more and independently: [where, at most this many characters]. */
function problems(block: Block): readonly string[] {
  const found: string[] = [];
  const text = (where: string, value: string, max: number): void => {
    if (value.length === 0 || value.length > max) found.push(`${where}: ${String(value.length)}`);
    if (/\p{Surrogate}/u.test(value)) found.push(`${where}: half a character`);
    // oxlint-disable-next-line no-control-regex -- Postgres refuses it in text and jsonb
    if (/\u0000/.test(value)) found.push(`${where}: nul`);
    // Plain text may say so: there it is no markup.
    if (where !== "accessory" && /<!(channel|here|everyone)/.test(value)) {
      found.push(`${where}: calls a whole channel`);
    }
  };
  switch (block.type) {
    case "header":
      if (block.text.text.length > 150) found.push("header");
      break;
    case "section":
      if (block.text !== undefined) text("section", block.text.text, 3_000);
      for (const field of block.fields ?? []) text("field", field.text, 2_000);
      if ((block.fields ?? []).length > 10) found.push("fields");
      if (block.accessory !== undefined) text("accessory", block.accessory.text.text, 75);
      break;
    case "context":
      if (block.elements.length > 10) found.push("elements");
      for (const element of block.elements) text("context", element.text, 3_000);
      break;
    case "actions":
      if (block.elements.length > 25) found.push("buttons");
      for (const element of block.elements) {
        if (element.type !== "button") continue;
        const { text: label, confirm } = element;
        if (label.text.length > 75) found.push("button");
        if ((confirm?.title.text.length ?? 1) > 100) found.push("confirm title");
        if ((confirm?.text.text.length ?? 1) > 300) found.push("confirm text");
        if ((confirm?.confirm.text.length ?? 1) > 30) found.push("confirm button");
      }
      break;
    case "divider":
    case "input":
    // What is drawn has tests of its own: charts/builders.test.ts.
    case "data_table":
    case "data_visualization":
    case "image":
    case "table":
      break;
  }
  return found;
}

describe("message", () => {
  it("fits Slack's limits whatever the texts are", () => {
    fc.assert(
      fc.property(anyText, fc.array(anyBlock, { maxLength: 80 }), (text, blocks) => {
        const shown = message(text, blocks);

        expect(shown.text.length).toBeGreaterThan(0);
        expect(shown.text.length).toBeLessThanOrEqual(4_000);
        expect(shown.text).not.toMatch(/\p{Surrogate}/u);
        expect(shown.blocks.length).toBeLessThanOrEqual(50);
        expect(shown.blocks.flatMap(problems)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it("stays below the limit over all blocks, and says how much it left out", () => {
    const blocks = Array.from({ length: 20 }, () => section("x".repeat(2_900)));

    const shown = message("Long", blocks);

    expect(JSON.stringify(shown.blocks).length).toBeLessThan(13_200);
    expect(shown.blocks.at(-1)).toEqual(context("_17 more parts don't fit in a message._"));
  });

  it("keeps the buttons at the end when the text has to go", () => {
    const blocks = Array.from({ length: 60 }, () => section("line"));
    const buttons = actions([button({ actionId: "approve", text: "Approve", value: "1" })]);

    const shown = message("Many", [...blocks, buttons]);

    expect(shown.blocks).toHaveLength(50);
    expect(shown.blocks.at(-1)).toEqual(buttons);
  });

  it("leaves fifty blocks as they are when the last one is a button", () => {
    const blocks = Array.from({ length: 49 }, () => section("line"));
    const buttons = actions([button({ actionId: "approve", text: "Approve", value: "1" })]);

    expect(message("Fifty", [...blocks, buttons]).blocks).toEqual([...blocks, buttons]);
  });

  it("never calls a whole channel, not even by its notification text", () => {
    expect(message("<!channel> look", [section("<!here> look")])).toEqual({
      text: "&lt;!channel> look",
      blocks: [section("&lt;!here> look")],
    });
  });
});

describe("modal", () => {
  it("fits Slack's limits whatever the texts are", () => {
    fc.assert(
      fc.property(
        anyText,
        anyText,
        fc.array(anyBlock, { maxLength: 120 }),
        (title, label, blocks) => {
          const choice = option(label, "1");
          const question = input({
            blockId: "b",
            label,
            hint: title,
            element: select("s", [choice]),
          });
          const shown = modal({
            callbackId: "c",
            title,
            submit: title,
            blocks: [question, ...blocks],
          });

          expect(shown.title.text.length).toBeLessThanOrEqual(24);
          expect(shown.submit?.text.length).toBeLessThanOrEqual(24);
          expect(shown.blocks.length).toBeLessThanOrEqual(100);
          expect(choice.text.text.length).toBeLessThanOrEqual(75);
          expect(shown.blocks.flatMap(problems)).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("refuses private metadata that Slack would refuse", () => {
    const privateMetadata = "x".repeat(3_001);
    expect(() => modal({ callbackId: "c", title: "t", privateMetadata, blocks: [] })).toThrow(
      /private metadata/,
    );
  });
});

describe("commandText", () => {
  it("shows what can be copied and typed", () => {
    expect(commandText("/claude-spend data_platform")).toBe("`/claude-spend data_platform`");
  });

  it("never ends its code span early, whatever is in it", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const shown = commandText(text);
        expect(shown).toMatch(/^`[^`<>]*`$/s);
        expect(shown.length).toBeLessThanOrEqual(202);
      }),
    );
  });
});

describe("escapeText", () => {
  it("leaves no control sequence of Slack's markup", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const escaped = escapeText(text);

        expect(escaped).not.toMatch(/[<>]/);
        expect(escaped.replace(/&(?:amp|lt|gt);/g, "")).not.toContain("&");
        expect(escaped).not.toMatch(/[*_~`](?!\u2060)/);
      }),
    );
  });

  it("keeps what was written readable", () => {
    expect(escapeText("R&D <team>")).toBe("R&amp;D &lt;team&gt;");
  });
});

describe("truncate", () => {
  it("never cuts a character or an escape in two", () => {
    expect(truncate("ab😀cd", 4)).toBe("ab…");
    expect(truncate("abc&lt;def", 6)).toBe("abc…");
  });

  it("takes out what turns numbers around", () => {
    expect(truncate("$\u202E0001", 10)).toBe("$0001");
  });
});

it("a link that does not fit is dropped, not shown as markup", () => {
  const text = `${"x".repeat(2_990)}<https://example.test|Open the report>`;
  expect(section(text)).toEqual(section(`${"x".repeat(2_990)}…`));
});

it("a bar is empty at 0, half at 50 and full from 100 percent on", () => {
  expect([0, 50, 100, 250].map((percent) => bar(percent, 4))).toEqual([
    "▱▱▱▱",
    "▰▰▱▱",
    "▰▰▰▰",
    "▰▰▰▰",
  ]);
});

it("a date falls back to text that cannot break out of it", () => {
  const at = new Date("2026-11-23T10:00:00Z");
  expect(slackDate(at, "{date_short}", "Nov 23>")).toBe(
    "<!date^1795428000^{date_short}|Nov 23&gt;>",
  );
});

it("shows an amount under a cent as one, not as the beginning of a link or a quote", () => {
  const shown = message("<$0.01", [section("<$0.01 of $5.00\n>-$0.01 left")]);

  expect(shown.text).toBe("&lt;$0.01");
  expect(shown.blocks[0]).toMatchObject({ text: { text: "&lt;$0.01 of $5.00\n&gt;-$0.01 left" } });
});
