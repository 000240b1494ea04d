/** What somebody reads whose e-mail address Slack does not tell. Pure. */

/** In one sentence, for a notification. */
export const UNKNOWN_PERSON_TEXT =
  "I can't tell who you are: Slack does not show me your e-mail address.";

/** The same with what to do about it. */
export const UNKNOWN_PERSON_ADVICE = `${UNKNOWN_PERSON_TEXT}\nAsk an admin to grant the app \`users:read.email\`, or add an address to your Slack profile.`;
