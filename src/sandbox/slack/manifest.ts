/**
 * What the fake Slack needs to know of an app's manifest: commands, shortcuts, scopes, tabs, events.
 * It reads Slack's own YAML, so that the sandbox grants what the real workspace would grant and no
 * more.
 */
import { parse } from "yaml";
import { z } from "zod";

export interface AppManifest {
  readonly name: string;
  readonly botName: string;
  readonly commands: readonly {
    readonly command: string;
    readonly description: string;
    readonly usageHint: string;
    /** Users and channels in the text arrive as `<@U…|name>` and `<#C…|name>`. */
    readonly shouldEscape: boolean;
  }[];
  readonly shortcuts: readonly {
    readonly callbackId: string;
    readonly name: string;
    readonly description: string;
  }[];
  /** What the workspace granted; from a manifest: all it asks for, the optional ones included. */
  readonly scopes: readonly string[];
  readonly events: readonly string[];
  readonly hasHomeTab: boolean;
  readonly hasMessagesTab: boolean;
  /** People cannot write to the bot, only read what it sends them. */
  readonly isMessagesTabReadOnly: boolean;
}

const manifestSchema = z.looseObject({
  display_information: z.looseObject({ name: z.string().min(1).max(35) }),
  features: z.looseObject({
    app_home: z
      .looseObject({
        home_tab_enabled: z.boolean().default(false),
        messages_tab_enabled: z.boolean().default(false),
        messages_tab_read_only_enabled: z.boolean().default(true),
      })
      .optional(),
    bot_user: z.looseObject({ display_name: z.string().min(1).max(80) }),
    slash_commands: z
      .array(
        z.looseObject({
          command: z
            .string()
            .regex(/^\/\S+$/)
            .max(32),
          description: z.string().min(1).max(2000),
          usage_hint: z.string().max(1000).default(""),
          should_escape: z.boolean().default(false),
        }),
      )
      .max(50)
      .default([]),
    shortcuts: z
      .array(
        z.looseObject({
          name: z.string().min(1).max(24),
          callback_id: z.string().min(1).max(255),
          description: z.string().min(1).max(150),
          type: z.enum(["global", "message"]),
        }),
      )
      .max(10)
      .default([]),
  }),
  oauth_config: z.looseObject({
    scopes: z.looseObject({
      bot: z.array(z.string()).default([]),
      bot_optional: z.array(z.string()).default([]),
    }),
  }),
  settings: z.looseObject({
    event_subscriptions: z.looseObject({ bot_events: z.array(z.string()).default([]) }).optional(),
  }),
});

/** Reads a manifest in YAML or JSON; throws with the field's name when it is not one. */
export function readManifest(text: string): AppManifest {
  const manifest = manifestSchema.parse(parse(text));
  const { features, settings } = manifest;
  return {
    name: manifest.display_information.name,
    botName: features.bot_user.display_name,
    commands: features.slash_commands.map((command) => ({
      command: command.command,
      description: command.description,
      usageHint: command.usage_hint,
      shouldEscape: command.should_escape,
    })),
    shortcuts: features.shortcuts
      .filter((shortcut) => shortcut.type === "global")
      .map((shortcut) => ({
        callbackId: shortcut.callback_id,
        name: shortcut.name,
        description: shortcut.description,
      })),
    scopes: [...manifest.oauth_config.scopes.bot, ...manifest.oauth_config.scopes.bot_optional],
    events: settings.event_subscriptions?.bot_events ?? [],
    hasHomeTab: features.app_home?.home_tab_enabled ?? false,
    hasMessagesTab: features.app_home?.messages_tab_enabled ?? false,
    isMessagesTabReadOnly: features.app_home?.messages_tab_read_only_enabled ?? true,
  };
}
