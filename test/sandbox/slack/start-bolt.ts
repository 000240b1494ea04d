/** Slack's real Bolt in HTTP mode, connected to a fake Slack in both directions. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { App, HTTPReceiver, LogLevel } from "@slack/bolt";
import { afterEach } from "vitest";
import { type FakeSlackInTest, PATIENCE_MS } from "../../support/fake-slack.ts";

interface BoltOptions {
  readonly signingSecret?: string;
  /** How long Bolt waits for a listener to acknowledge; longer than any listener here, unless told. */
  readonly unhandledRequestTimeoutMillis?: number;
}

type StartBolt = (configure: (app: App) => void, options?: BoltOptions) => Promise<App>;

/** Gives a function that starts an app; it stops after the test. */
export function useBolt(slack: () => FakeSlackInTest): StartBolt {
  const stops: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    await Promise.all(stops.splice(0).map(async (stop) => await stop()));
  });
  return async (configure, options) => {
    const { app, stop } = await startBolt(slack(), configure, options);
    stops.push(stop);
    return app;
  };
}

async function startBolt(
  fake: FakeSlackInTest,
  configure: (app: App) => void,
  { signingSecret = fake.credentials.signingSecret, ...options }: BoltOptions = {},
) {
  const receiver = new HTTPReceiver({
    signingSecret,
    endpoints: ["/slack/events"],
    logLevel: LogLevel.ERROR,
    unhandledRequestTimeoutMillis: options.unhandledRequestTimeoutMillis ?? PATIENCE_MS,
  });
  const app = new App({
    token: fake.credentials.botToken,
    receiver,
    clientOptions: { slackApiUrl: fake.apiUrl(), retryConfig: { retries: 0 } },
    convoStore: false,
    deferInitialization: true,
    logLevel: LogLevel.ERROR,
  });
  configure(app);
  await app.init();
  const server = createServer((request, response) => {
    receiver.requestListener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  fake.setRequestUrl(`http://127.0.0.1:${String(port)}/slack/events`);
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { app, stop };
}
