/**
 * The set-up, the decisions: which steps there are, how far each is, and who may begin. Pure. What
 * people type into its forms is rules/forms.ts.
 */
import type { Instant } from "../../domain/time.ts";

export const STEPS = ["organization", "teams", "budgets", "usage", "digest"] as const;
export type Step = (typeof STEPS)[number];

/** What is known of the set-up, from what is in force. */
export interface SetUpFacts {
  /** Of the governance document; 0: none is in force. */
  readonly version: number;
  readonly admins: readonly string[];
  readonly organization:
    | {
        readonly name: string;
        readonly timeZone: string;
        readonly finopsChannel: string | undefined;
      }
    | undefined;
  readonly teams: number;
  readonly budgets: number;
  readonly digests: readonly {
    readonly channel: string | undefined;
    readonly nextAt: Instant | undefined;
  }[];
  readonly sources: readonly { readonly name: string; readonly hasSent: boolean }[];
  /** Whether any usage is recorded, from wherever. */
  readonly hasUsage: boolean;
  readonly channels: readonly ChannelCheck[];
  /** Whether Anthropic's own reports are read: optional. */
  readonly isAnthropicRead: boolean;
}

export interface ChannelCheck {
  readonly channel: string;
  readonly status: "posting" | "posted" | "refused";
  /** Slack's word for why not. */
  readonly problem: string | undefined;
}

/** `waiting`: all is done here, something else has to happen. */
export type StepState = "done" | "waiting" | "todo" | "problem";

export function stepState(step: Step, facts: SetUpFacts): StepState {
  switch (step) {
    case "organization": {
      const channel = facts.organization?.finopsChannel;
      return facts.organization === undefined || channel === undefined
        ? "todo"
        : channelState(channel, facts);
    }
    case "teams":
      return facts.teams > 0 ? "done" : "todo";
    case "budgets":
      return facts.budgets > 0 ? "done" : "todo";
    case "usage":
      if (facts.hasUsage) return "done";
      return facts.sources.length > 0 ? "waiting" : "todo";
    case "digest": {
      const [first] = facts.digests;
      if (first === undefined) return "todo";
      return first.channel === undefined ? "done" : channelState(first.channel, facts);
    }
  }
}

/** A channel that nobody looked at yet, of a file for example, is not held against anybody. */
function channelState(channel: string, { channels }: SetUpFacts): StepState {
  const check = channels.find((one) => one.channel === channel);
  return check?.status === "refused" ? "problem" : "done";
}

/** The first step that is still somebody's turn; undefined: there is none. */
export function nextStep(facts: SetUpFacts): Step | undefined {
  return STEPS.find((step) => {
    const state = stepState(step, facts);
    return state === "todo" || state === "problem";
  });
}

export function isSetUp(facts: SetUpFacts): boolean {
  return STEPS.every((step) => stepState(step, facts) === "done");
}

/** How somebody stands to the set-up. */
export type Standing =
  | { readonly kind: "admin" }
  /** There is no admin, and they may become the first. */
  | { readonly kind: "may-begin" }
  /** There is no admin, and they may not just become one. */
  | { readonly kind: "needs-code" }
  /** Not an admin, but some teams or budgets are theirs to keep. */
  | { readonly kind: "owner" }
  | { readonly kind: "outsider"; readonly admins: readonly string[] };

/**
 * The first admin is whoever runs the Slack workspace, or who has typed the code that only the
 * bot's operator can read. With an admin in force nobody else lets themselves in.
 */
export function standingOf(of: {
  readonly email: string;
  readonly admins: readonly string[];
  readonly ownsTeams: boolean;
  readonly isWorkspaceAdmin: boolean;
  readonly hasTypedCode: boolean;
}): Standing {
  if (of.admins.includes(of.email)) return { kind: "admin" };
  if (of.admins.length === 0) {
    return of.isWorkspaceAdmin || of.hasTypedCode ? { kind: "may-begin" } : { kind: "needs-code" };
  }
  return of.ownsTeams ? { kind: "owner" } : { kind: "outsider", admins: of.admins };
}

const CODE_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ23456789";
export const CODE_CHARS = 12;

/** "ABCD-EFGH-JKMN" from random bytes, in letters that nobody mistakes for another. */
export function codeFrom(bytes: Uint8Array): string {
  const letters = [...bytes]
    .slice(0, CODE_CHARS)
    .map((byte) => CODE_LETTERS[byte % CODE_LETTERS.length]);
  return letters.join("").replace(/(.{4})(?=.)/g, "$1-");
}

/** As it was printed, however it was typed. */
export function foldCode(typed: string): string {
  return typed
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, "")
    .replace(/(.{4})(?=.)/g, "$1-");
}
