/**
 * The people and channels of the sandbox: "Acme", a company small enough to remember and large
 * enough for a member, a team owner, a finance lead and an admin. Demo and tests share it.
 */
import type { Channel, Person, Usergroup } from "./protocol.ts";

/** A Slack workspace before anything was said in it. */
export interface SlackTeam {
  readonly slackTeamId: string;
  readonly name: string;
  readonly domain: string;
  /** The Enterprise Grid that it is part of. */
  readonly enterprise?: { readonly id: string; readonly name: string };
  readonly bot: {
    readonly userId: string;
    readonly botId: string;
    readonly appId: string;
    readonly color: string;
  };
  readonly people: readonly Person[];
  readonly channels: readonly Channel[];
  readonly usergroups: readonly Usergroup[];
}

const DANA = "U01DANAKIM0";
const ANA = "U02ANASILVA";
const BO = "U03BOCHEN00";
const FINN = "U04FINNROTH";
const CLEO = "U05CLEOMART";
const DEV = "U06DEVPATEL";
const MIA = "U07MIANOVAK";
const BOT = "U0BCLAUDESP";
const EVERYONE = [DANA, ANA, BO, FINN, CLEO, DEV, MIA];

export const ACME: SlackTeam = {
  slackTeamId: "T01ACMECORP",
  name: "Acme",
  domain: "acme",
  bot: { userId: BOT, botId: "B0BCLAUDESP", appId: "A0BCLAUDESP", color: "#c15f3c" },
  people: [
    person(DANA, "Dana Kim", {
      handle: "dana",
      title: "Finance lead",
      color: "#2f6f4f",
      isAdmin: true,
    }),
    person(ANA, "Ana Silva", {
      handle: "ana",
      title: "Engineering manager, Search",
      color: "#8a4baf",
      timeZone: "Europe/Lisbon",
    }),
    person(BO, "Bo Chen", {
      handle: "bo",
      title: "Engineer, Search",
      color: "#1d74b7",
      timeZone: "America/New_York",
    }),
    person(FINN, "Finn Roth", { handle: "finops", title: "FinOps analyst", color: "#b7791d" }),
    person(CLEO, "Cleo Martin", { handle: "cleo", title: "Head of Support", color: "#b83280" }),
    person(DEV, "Dev Patel", {
      handle: "dev",
      title: "Engineer, Platform",
      color: "#2c7a7b",
      timeZone: "Asia/Kolkata",
    }),
    person(MIA, "Mia Novak", {
      handle: "mia",
      title: "Engineering manager, Platform",
      color: "#c53030",
    }),
  ],
  channels: [
    channel("C01GENERAL0", "general", { purpose: "Company-wide news", members: EVERYONE }),
    channel("C02FINOPS00", "finops", {
      purpose: "Cloud and AI spend",
      members: [DANA, FINN, ANA, CLEO, MIA, BOT],
    }),
    channel("C03TEAMSRCH", "team-search", {
      purpose: "Team Search",
      members: [ANA, BO, DANA, BOT],
    }),
    channel("C04TEAMSUPP", "team-support", { purpose: "Team Support", members: [CLEO, DANA, BOT] }),
    channel("C05TEAMPLAT", "team-platform", {
      purpose: "Team Platform",
      members: [MIA, DEV, DANA, BOT],
    }),
  ],
  usergroups: [
    { id: "S01FINOPSLD", handle: "finops-leads", name: "FinOps leads", members: [DANA, FINN] },
  ],
};

function person(
  id: string,
  name: string,
  rest: Pick<Person, "handle" | "title" | "color"> & Partial<Person>,
): Person {
  return {
    id,
    name,
    email: `${rest.handle}@acme.test`,
    timeZone: "Europe/Berlin",
    isAdmin: false,
    ...rest,
  };
}

function channel(id: string, name: string, rest: Pick<Channel, "purpose" | "members">): Channel {
  return { id, name, isPrivate: false, isArchived: false, ...rest };
}
