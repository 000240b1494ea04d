/**
 * What no entry shows, and why. Everything else that the program answers or builds has an entry:
 * `catalogue.test.ts` finds what is new.
 */

const MOMENT = "there for a moment, until the window is filled";
const STALE = "the answer to a click on what is out of date; the sandbox shows the newest only";
const NO_ADDRESS = "for people whose address Slack hides; everybody in the example has one";

/** By "feature/function". */
export const BUILDERS_LEFT_OUT: Readonly<Record<string, string>> = {
  "approvals/loadingModal": MOMENT,
  "budgets/raiseLoadingModal": MOMENT,
  "home/loadingModal": MOMENT,
  "onboarding/loadingModal": MOMENT,
  "preferences/loadingModal": MOMENT,
  "alerts/lookRefusal": STALE,
  "approvals/answerRefusalAnswer": STALE,
  "approvals/refusalAnswer": STALE,
  "approvals/refusedModal": STALE,
  "home/saidModal": STALE,
  "alerts/gatheredMessage":
    "of more than five new messages at once in one place; the example has no such storm",
  "budgets/forecastRecoveredContent": "looks as the recovery of a pace does",
  "digests/rejectedMessage": "shows the same events as Home, a day later",
  "digests/withheldMessage": "of a private channel; those of the example are public",
  "limits/pushFailedMessage": "Anthropic takes every change in the example",
  "home/unknownPersonHome": NO_ADDRESS,
  "preferences/unknownPersonModal": NO_ADDRESS,
  "showback/unknownPersonMessage": NO_ADDRESS,
};

/** By the kind and name under which Slack calls them. */
export const LISTENERS_LEFT_OUT: Readonly<Record<string, string>> = {
  "action alert_settings":
    "of messages that were posted before preferences had a form of their own",
  "action digest_rejected": "shows the same events as Home, a day later",
  "action governance_older": "the example's history is shorter than a page",
  "action budget_acknowledge": "of messages that were posted before alerts had threads",
};
