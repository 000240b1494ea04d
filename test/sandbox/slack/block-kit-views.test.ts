import { describe, expect, it } from "vitest";
import { areBlocksTooLong } from "../../../src/sandbox/slack/block-kit.ts";
import {
  actions,
  button,
  check,
  checkView,
  input,
  mrkdwn,
  plain,
  section,
  text,
  times,
} from "./block-builders.ts";

describe("ids of accepted blocks", () => {
  it("fills in what was left out and keeps the rest", () => {
    const result = check([
      section({ block_id: "mine" }),
      actions(button({ action_id: "go" }), button()),
    ]);

    const [first, second] = result.ok ? result.value : [];
    expect(first).toMatchObject({ block_id: "mine" });
    expect(second?.block_id).toMatch(/^id\d+$/);
    expect(JSON.stringify(second)).toMatch(/"action_id":"go".*"action_id":"id\d+"/);
  });
});

describe("length of all blocks of a message", () => {
  it("is fine up to 13,200 characters that people read", () => {
    const full = [
      ...times(4, () => ({ type: "section", text: mrkdwn(3000) })),
      section({ text: plain(1200) }),
    ];
    const over = [...full, section({ text: plain(1) })];
    const [fine, tooLong] = [full, over].map((blocks) => check(blocks));

    expect(fine?.ok === true && areBlocksTooLong(fine.value)).toBe(false);
    expect(tooLong?.ok === true && areBlocksTooLong(tooLong.value)).toBe(true);
  });
});

const modal = (extra: object = {}) => ({
  type: "modal",
  title: plain(5),
  blocks: [section()],
  ...extra,
});

describe("views", () => {
  const view = checkView;

  it.each([
    ["title", (n: number) => modal({ title: plain(n) }), 24, "/view/title/text"],
    ["submit", (n: number) => modal({ submit: plain(n) }), 24, "/view/submit/text"],
    ["close", (n: number) => modal({ close: plain(n) }), 24, "/view/close/text"],
    [
      "private_metadata",
      (n: number) => modal({ private_metadata: text(n) }),
      3000,
      "/view/private_metadata",
    ],
    ["callback_id", (n: number) => modal({ callback_id: text(n) }), 255, "/view/callback_id"],
    ["external_id", (n: number) => modal({ external_id: text(n) }), 255, "/view/external_id"],
    ["blocks", (n: number) => modal({ blocks: times(n, () => section()) }), 100, "/view/blocks"],
  ])("%s: takes the maximum and refuses one more", (_name, make, max, pointer) => {
    const above = view(make(max + 1));

    expect(view(make(max))).toMatchObject({ ok: true });
    expect(above.ok ? [] : above.problems.map((problem) => problem.pointer)).toEqual([pointer]);
  });

  it("need a submit button when they have an input", () => {
    const blocks = [input({ type: "plain_text_input" })];

    expect(view(modal({ blocks }))).toMatchObject({ ok: false });
    expect(view(modal({ blocks, submit: plain(4) }))).toMatchObject({ ok: true });
  });

  it("have no title when they are an App Home", () => {
    expect(view({ type: "home", blocks: [section()], title: plain(3) })).toMatchObject({
      ok: false,
    });
    expect(view({ type: "home", blocks: [section()] })).toMatchObject({ ok: true });
  });
});
