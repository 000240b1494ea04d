/**
 * A strict fake Slack for a test file: its own server on a free port, closed afterwards, with a
 * manifest that a test may narrow and a clock that stands still until a test turns it: however slow
 * the machine is, no trigger expires and no answer comes too late by itself.
 */
import { afterEach, beforeEach } from "vitest";
import type { AppManifest } from "../../src/sandbox/slack/index.ts";
import {
  createFakeSlack,
  type FakeSlack,
  type FakeSlackOptions,
} from "../../src/sandbox/slack/index.ts";

/** People of the sandbox's workspace by their handle. */
export const PEOPLE = {
  dana: "U01DANAKIM0",
  ana: "U02ANASILVA",
  bo: "U03BOCHEN00",
  finn: "U04FINNROTH",
  cleo: "U05CLEOMART",
  dev: "U06DEVPATEL",
  mia: "U07MIANOVAK",
  bot: "U0BCLAUDESP",
} as const;

export const CHANNELS = {
  general: "C01GENERAL0",
  finops: "C02FINOPS00",
  search: "C03TEAMSRCH",
  support: "C04TEAMSUPP",
  platform: "C05TEAMPLAT",
} as const;

/** Everything a bot of this project may ask for. */
export const TEST_MANIFEST: AppManifest = {
  name: "Claude Spend",
  botName: "claude-spend",
  commands: [
    {
      command: "/claude-spend",
      description: "Show and control Claude spend",
      usageHint: "[team | top | budget | raise | help]",
      shouldEscape: true,
    },
  ],
  shortcuts: [
    {
      callbackId: "request_budget_raise",
      name: "Request budget raise",
      description: "Ask for a higher limit",
    },
  ],
  scopes: [
    "commands",
    "chat:write",
    "chat:write.public",
    "im:write",
    "users:read",
    "users:read.email",
    "usergroups:read",
    "channels:read",
    "groups:read",
    "files:write",
  ],
  events: ["app_home_opened"],
  hasHomeTab: true,
  hasMessagesTab: true,
  isMessagesTabReadOnly: false,
};

export interface FakeSlackInTest extends FakeSlack {
  /** Moves the fake's clock forward. */
  readonly pass: (ms: number) => void;
}

/** How long it waits for a bot that is not what the test is about. */
export const PATIENCE_MS = 120_000;

/** Starts a fake Slack before each test and stops it afterwards. */
export function useFakeSlack(options: Partial<FakeSlackOptions> = {}): () => FakeSlackInTest {
  let current: FakeSlackInTest | undefined;
  beforeEach(async () => {
    let now = Date.now();
    const fake = createFakeSlack({
      manifest: TEST_MANIFEST,
      now: () => now,
      eventRetryDelaysMs: [0, 10, 10],
      dispatchTimeoutMs: PATIENCE_MS,
      ...options,
    });
    await fake.listen();
    current = {
      ...fake,
      pass: (ms) => {
        now += ms;
      },
    };
  });
  afterEach(async () => {
    await current?.close();
    current = undefined;
  });
  return () => {
    if (current === undefined) throw new Error("the fake Slack runs inside tests only");
    return current;
  };
}
