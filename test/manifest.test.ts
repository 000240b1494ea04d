/** manifest.yml declares what the code uses, no more and no less, within what Slack accepts. */
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { typedScope } from "../src/domain/scope.ts";
import { manifestSurface } from "../src/slack/manifest-surface.ts";
import { wiredListeners } from "./support/wired-listeners.ts";

const url = z.url({ protocol: /^https$/ }).max(3_000);
const names = z.array(z.string().max(50)).max(255);
/** The limits of Slack's manifest schema for the parts that we use; unknown keys are refused. */
const manifestSchema = z.strictObject({
  _metadata: z.strictObject({ major_version: z.literal(2), minor_version: z.number() }),
  display_information: z.strictObject({
    name: z.string().max(35),
    description: z.string().max(140),
    background_color: z.string().regex(/^#(?:[0-9A-Fa-f]{3}){1,2}$/),
  }),
  features: z.strictObject({
    app_home: z.strictObject({
      home_tab_enabled: z.boolean(),
      messages_tab_enabled: z.boolean(),
      messages_tab_read_only_enabled: z.boolean(),
    }),
    bot_user: z.strictObject({ display_name: z.string().max(80), always_online: z.boolean() }),
    shortcuts: z
      .array(
        z.strictObject({
          name: z.string().max(24),
          type: z.enum(["global", "message"]),
          callback_id: z.string().max(255),
          description: z.string().max(150),
        }),
      )
      .max(10),
    slash_commands: z
      .array(
        z.strictObject({
          command: z.string().startsWith("/").max(32),
          url,
          description: z.string().max(2_000),
          usage_hint: z.string().max(1_000),
          should_escape: z.literal(true),
        }),
      )
      .max(50),
  }),
  oauth_config: z.strictObject({
    redirect_urls: z.array(url).max(1_000),
    scopes: z.strictObject({ bot: names, bot_optional: names }),
  }),
  settings: z.strictObject({
    event_subscriptions: z.strictObject({ request_url: url, bot_events: names.max(100) }),
    interactivity: z.strictObject({ is_enabled: z.literal(true), request_url: url }),
    org_deploy_enabled: z.boolean(),
    socket_mode_enabled: z.literal(false),
    token_rotation_enabled: z.literal(false),
  }),
});

const manifest = manifestSchema.parse(parse(await readFile("manifest.yml", "utf8")));

describe("manifest.yml", () => {
  it("declares exactly the commands, shortcuts, events and scopes that the code uses", () => {
    const { features, oauth_config, settings } = manifest;
    expect({
      commands: features.slash_commands.map(({ command }) => command).toSorted(),
      shortcuts: features.shortcuts.map(({ callback_id }) => callback_id).toSorted(),
      events: settings.event_subscriptions.bot_events.toSorted(),
      scopes: oauth_config.scopes.bot.toSorted(),
      optionalScopes: oauth_config.scopes.bot_optional.toSorted(),
    }).toEqual(manifestSurface(wiredListeners()));
  });

  it("sends everything to the one path that the bot listens on", () => {
    const { features, settings } = manifest;
    const urls = [
      ...features.slash_commands.map((command) => command.url),
      settings.event_subscriptions.request_url,
      settings.interactivity.request_url,
    ];
    expect(new Set(urls)).toEqual(new Set(["https://your-host.example/slack/events"]));
  });

  it("keeps the tabs on without which the App Home and direct messages fail", () => {
    expect(manifest.features.app_home).toMatchObject({
      home_tab_enabled: true,
      messages_tab_enabled: true,
    });
  });
});

describe("a verb of the command", () => {
  const verbs = wiredListeners()
    .flatMap(({ subcommands = [] }) => subcommands)
    .flatMap(({ name }) => (name === "" ? [] : [name]));

  it.each(verbs)("is never how a team of that key is typed: %s", (verb) => {
    expect(typedScope({ kind: "team", key: verb })).toBe(`team:${verb}`);
  });
});

describe("manifestSurface", () => {
  it("asks for no command, event or commands scope that nobody answers", () => {
    const surface = manifestSurface([]);
    expect(surface).toMatchObject({ commands: [], shortcuts: [] });
    expect(surface.events).toEqual(["app_uninstalled", "tokens_revoked"]);
    expect(surface.scopes).not.toContain("commands");
  });
});
