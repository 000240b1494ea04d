/** `claude-spend approvals explain`: which policy holds for a raise, and whom it asks. */
import { pino } from "pino";
import { parseEmail } from "../domain/email.ts";
import { AppError } from "../domain/errors.ts";
import { formatUsd, usd, usdToDecimal } from "../domain/money.ts";
import { parseScope } from "../domain/scope.ts";
import type { Clock } from "../domain/time.ts";
import {
  type ApproverGroups,
  type Explanation,
  slackApproverGroups,
} from "../features/approvals/index.ts";
import { explainRaise, parseRaiseAmount } from "../features/budgets/index.ts";
import { createSlackWeb } from "../slack/web-client.ts";
import type { DefineCommand, Report } from "./command.ts";
import { withDatabase } from "./with-database.ts";

type Environment = Readonly<Record<string, string | undefined>>;

interface Surroundings {
  readonly env: Environment;
  readonly clock: Clock;
}

export function defineApprovalCommands(define: DefineCommand, surroundings: Surroundings): void {
  define(
    "explain",
    "Which policy covers a raise and why, whom it asks, who is left out.",
    async (_scope, _options, [scope = "", amount = "", user = ""]) =>
      await explain(surroundings, { scope, amount, user }),
  )
    .argument("<scope>", "team:search, user:bo@acme.test, org, …")
    .argument("<amount>", "200, 1.5k or 20%")
    .argument("<user>", "who asks, by e-mail address");
}

async function explain(
  { env, clock }: Surroundings,
  asked: { readonly scope: string; readonly amount: string; readonly user: string },
): Promise<Report> {
  const scope = parseScope(asked.scope);
  if (scope === undefined)
    throw invalid(`SCOPE: expected for example team:search, got ${asked.scope}`);
  const amount = parseRaiseAmount(asked.amount);
  if (amount.kind === "refused") {
    throw invalid(
      `AMOUNT: expected US dollars such as 200 or 1.5k, or a share such as 20%, got ${asked.amount}`,
    );
  }
  const requester = parseEmail(asked.user);
  if (requester === undefined) throw invalid(`USER: expected an e-mail address, got ${asked.user}`);
  const approverGroups = groupsOf(env);
  const result = await withDatabase(
    env,
    async (database) =>
      await explainRaise({ database, clock, approverGroups }, { scope, amount, requester }),
  );
  switch (result.kind) {
    case "no-budget":
      return failed(`There is no budget of ${asked.scope}: nothing to raise.`, result);
    case "too-small":
    case "too-large":
      return failed(
        `${asked.amount} of its limit is ${result.kind === "too-small" ? "less than a cent" : "more than $1,000,000"}.`,
        result,
      );
    case "explained": {
      const { explanation, beneficiary } = result;
      const title = `${formatUsd(result.amount)} for ${result.scope} (budget ${result.budgetId}, base limit ${formatUsd(result.baseLimit)}), asked by ${requester}${beneficiary === requester ? "" : ` for ${beneficiary}`}`;
      return {
        text: [title, ...linesOf(explanation)].join("\n"),
        json: jsonOf({ ...result, requester }),
        isFailed: explanation.refusal !== undefined,
      };
    }
  }
}

function groupsOf(env: Environment): ApproverGroups | undefined {
  const token = env["SLACK_BOT_TOKEN"] ?? "";
  if (token === "") return undefined;
  const apiUrl = env["SLACK_API_URL"];
  const log = pino({ level: "silent" });
  const web = createSlackWeb({ token, log, ...(apiUrl === undefined ? {} : { apiUrl }) });
  return slackApproverGroups({
    listUserGroupMembers: async (handle) => await web.listUserGroupMembers(handle),
    loadUser: async (slackUserId) => await web.loadUser(slackUserId),
  });
}

const MISMATCHES = {
  amount: "the amount is above its up_to",
  scope: "another scope",
  requester: "another requester",
  percent: "a larger share of the base limit",
} as const;

const REFUSALS: Readonly<Record<NonNullable<Explanation["refusal"]>, string>> = {
  "no-approver": "somebody is missing in a step: nobody could ever decide",
  "too-few-approvers": "too few people for the quorum: nobody could ever decide",
  "too-many-open": "too many open requests",
  "above-every-policy": "no policy covers it",
  "already-over": "its time is over",
  "text-too-long": "its reason is too long",
};

function linesOf(explanation: Explanation): string[] {
  const { policies, steps, automatic, escalateTo, unknownGroups, refusal } = explanation;
  return [
    ...(explanation.isDefault ? ["No policies: the built-in one holds."] : []),
    ...policies.map(({ position, name, mismatch, isChosen }) => {
      const called = `Policy ${String(position)}${name === undefined ? "" : ` "${name}"`}`;
      if (isChosen) return `${called}: covers it, and is the first that does`;
      return `${called}: ${mismatch === undefined ? "would cover it, but comes later" : `no, ${MISMATCHES[mismatch]}`}`;
    }),
    ...(automatic === undefined ? [] : [automaticLine(automatic)]),
    ...steps.flatMap(({ quorum, approvers, asked, excluded, delegates }, index) => [
      `Step ${String(index + 1)}: ${String(quorum)} of ${approvers.join(", ")}: asks ${asked.length === 0 ? "nobody" : asked.join(", ")}`,
      ...excluded.map(({ person, because }) => `  not ${person}: the ${because} never decides`),
      ...delegates.map(({ from, to }) => `  also ${to}, in place of ${from}`),
    ]),
    ...(escalateTo.length === 0 ? [] : [`Later also: ${escalateTo.join(", ")}`]),
    ...unknownGroups.map(
      (group) =>
        `Group ${group}: no members known; set SLACK_BOT_TOKEN, or check its name in Slack.`,
    ),
    ...(refusal === undefined ? [] : [`Would be refused: ${REFUSALS[refusal]}.`]),
  ];
}

function automaticLine({ isApplied, left }: NonNullable<Explanation["automatic"]>): string {
  return isApplied
    ? `Approved automatically: ${formatUsd(left)} of the ceiling are left in this period.`
    : `Not automatic: too large, or above the ${formatUsd(left)} that are left of the ceiling in this period.`;
}

/** Amounts as decimal strings, like everywhere outside. */
function jsonOf(value: object): object {
  const plain: unknown = JSON.parse(
    JSON.stringify(value, (_, part: unknown) =>
      typeof part === "bigint" ? usdToDecimal(usd(part)) : part,
    ),
  );
  return typeof plain === "object" && plain !== null ? plain : {};
}

function invalid(message: string): AppError {
  return new AppError({ code: "invalid", message });
}

function failed(text: string, json: object): Report {
  return { text, json, isFailed: true };
}
