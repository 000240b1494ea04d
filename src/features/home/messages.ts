/** App Home, the words. Pure. */
import {
  actions,
  type Block,
  button,
  context,
  DIVIDER,
  type HomeView,
  header,
  home,
  section,
} from "../../slack/blocks.ts";
import { arrangeHome } from "./rules.ts";

/** The budgets feature listens to it; a value that names no budget leaves the choice to the form. */
const RAISE_ROW = actions([
  button({ actionId: "budget_request_raise", text: "Request a raise", value: "any" }),
]);

export function homeView(parts: {
  readonly requests: readonly (readonly Block[])[];
  /** For an admin: what could not be recorded. */
  readonly rejected: readonly Block[];
  readonly ownSpend: readonly Block[];
  /** What comes after it: settings. */
  readonly settings: readonly Block[];
}): HomeView {
  const { requests, hiddenRequests, ownSpend } = arrangeHome<readonly Block[]>(parts);
  const rejected = parts.rejected.length === 0 ? [] : [...parts.rejected, DIVIDER];
  if (requests.length === 0) return home([RAISE_ROW, ...rejected, ...ownSpend, ...parts.settings]);
  return home([
    header("Waiting for your decision"),
    ...requests.flatMap((blocks) => [...blocks, DIVIDER]),
    ...(hiddenRequests > 0
      ? [context(`…and ${String(hiddenRequests)} more in your messages.`)]
      : []),
    ...rejected,
    RAISE_ROW,
    ...ownSpend,
    ...parts.settings,
  ]);
}

export function unknownPersonHome(): HomeView {
  return home([
    header("Claude Spend"),
    section(
      "I can't tell who you are: Slack does not show me your e-mail address.\nAsk an admin to grant the app `users:read.email`, or add an address to your Slack profile.",
    ),
  ]);
}
