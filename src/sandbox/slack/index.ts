/** The fake Slack for the demo and for tests. */

export { createFakeSlack, type FakeSlack, type FakeSlackOptions } from "./fake-slack.ts";
export { type AppManifest, readManifest } from "./manifest.ts";
export { createFakeOrganization, type FakeOrganization } from "./organization.ts";
export { ACME } from "./workspace.ts";
