/** The app's own tabs: Home with the view it publishes for this person, and About. */
import type { VNode } from "preact";
import { Blocks } from "../blocks/blocks.tsx";
import { SurfaceContext, useNewSurface } from "../blocks/surface.tsx";
import { botConversation } from "../model/bot-conversation.ts";
import { runShortcut } from "../model/deeds.ts";
import { hashOf, type Place } from "../model/place.ts";
import type { PageState } from "../model/state.ts";
import { BotAvatar } from "./avatar.tsx";
import { BackButton } from "./back-button.tsx";
import { BoltIcon } from "./icons.tsx";

type Tab = "home" | "messages" | "about";

export function AppPage({
  state,
  tab,
}: {
  readonly state: PageState;
  readonly tab: "home" | "about";
}): VNode {
  return (
    <main class="main" aria-label={state.workspace.bot.name}>
      <AppHeader state={state} tab={tab} />
      <div class="app-scroll" tabIndex={0}>
        {tab === "home" ? (
          <Home key={state.home?.viewId ?? ""} state={state} />
        ) : (
          <About state={state} />
        )}
      </div>
    </main>
  );
}

export function AppHeader({ state, tab }: { readonly state: PageState; readonly tab: Tab }): VNode {
  const { bot } = state.workspace;
  const messages = botConversation(state);
  const tabs: readonly {
    readonly key: Tab;
    readonly name: string;
    readonly to: Place | undefined;
  }[] = [
    { key: "home", name: "Home", to: { kind: "app", tab: "home" } },
    {
      key: "messages",
      name: "Messages",
      to:
        messages === undefined
          ? undefined
          : { kind: "conversation", id: messages.id, threadTs: null },
    },
    { key: "about", name: "About", to: { kind: "app", tab: "about" } },
  ];
  return (
    <header class="app-head">
      <div class="page-head">
        <BackButton />
        <BotAvatar bot={bot} size="small" />
        <h2 class="page-title">{bot.name}</h2>
        <span class="app-badge">APP</span>
      </div>
      <nav class="tabs" aria-label={`${bot.name} tabs`}>
        {tabs.map(({ key, name, to }) =>
          to === undefined ? null : (
            <a
              key={key}
              class={key === tab ? "tab is-open" : "tab"}
              aria-current={key === tab ? "page" : undefined}
              href={hashOf(state.user.id, to)}
            >
              {name}
              {key === "messages" && key !== tab && (messages?.unreadCount ?? 0) > 0 && (
                <span class="badge">{messages?.unreadCount}</span>
              )}
            </a>
          ),
        )}
      </nav>
    </header>
  );
}

function Home({ state }: { readonly state: PageState }): VNode {
  const viewId = state.home?.viewId ?? null;
  const surface = useNewSurface(viewId === null ? null : { type: "view", viewId }, "home");
  if (state.home === undefined)
    return (
      <div class="app-wait" role="status">
        <span class="spinner" />
      </div>
    );
  if (viewId === null) {
    return (
      <div class="app-wait" role="status">
        <span class="spinner" />
        {state.workspace.bot.name} is preparing this page.
      </div>
    );
  }
  return (
    <div class="home">
      <SurfaceContext.Provider value={surface}>
        <Blocks blocks={state.home.blocks} />
      </SurfaceContext.Provider>
    </div>
  );
}

function About({ state }: { readonly state: PageState }): VNode {
  const { bot, commands, shortcuts, channels } = state.workspace;
  const joined = channels.filter(
    ({ isPrivate, members }) =>
      members.includes(bot.userId) && (!isPrivate || members.includes(state.user.id)),
  );
  return (
    <div class="about">
      <div class="about-head">
        <BotAvatar bot={bot} size="large" />
        <div>
          <h3>{bot.name}</h3>
          <p>App · {bot.appId}</p>
        </div>
      </div>
      <h4>Commands</h4>
      <dl>
        {commands.map(({ command, usageHint, description }) => (
          <div key={command}>
            <dt>
              <code class="code">
                {command} {usageHint}
              </code>
            </dt>
            <dd>{description}</dd>
          </div>
        ))}
      </dl>
      <h4>Shortcuts</h4>
      <ul class="about-shortcuts">
        {shortcuts.map(({ callbackId, name, description }) => (
          <li key={callbackId}>
            <button
              type="button"
              class="button"
              onClick={() => void runShortcut(undefined, callbackId)}
            >
              <BoltIcon /> {name}
            </button>
            <span>{description}</span>
          </li>
        ))}
      </ul>
      <h4>Channels</h4>
      <p>
        {joined.length === 0
          ? "In no channel yet."
          : joined.map(({ name }) => `#${name}`).join(", ")}
      </p>
    </div>
  );
}
