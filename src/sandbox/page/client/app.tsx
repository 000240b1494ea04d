/** The whole window: top bar, rail, side bar, what is open, and what lies above it. */
import type { VNode } from "preact";
import { isBotConversation } from "../model/bot-conversation.ts";
import { type PageState, usePageState } from "../model/state.ts";
import { AppPage } from "./app-page.tsx";
import { ConfirmDialog } from "./confirm.tsx";
import { ConversationPage } from "./conversation.tsx";
import { Modal } from "./modal.tsx";
import { Rail, TopBar } from "./rail.tsx";
import { SideBar } from "./side-bar.tsx";

export function App(): VNode {
  const state = usePageState();
  if (state === undefined) return <Starting />;
  const top = state.modals.at(-1);
  return (
    <div class={`window place-${state.place.kind}`} key={state.user.id}>
      <TopBar state={state} />
      <Rail state={state} />
      <div class="client">
        <SideBar state={state} />
        <Main state={state} />
      </div>
      {top !== undefined && <Modal key={top.id} view={top} depth={state.modals.length} />}
      {state.confirmation !== undefined && <ConfirmDialog confirmation={state.confirmation} />}
    </div>
  );
}

function Main({ state }: { readonly state: PageState }): VNode {
  const { place, conversations } = state;
  if (place.kind === "app") return <AppPage state={state} tab={place.tab} />;
  if (place.kind === "none") return <main class="main main-empty" />;
  const conversation = conversations?.find(({ id }) => id === place.id);
  if (conversation === undefined) return <main class="main main-empty" aria-busy="true" />;
  return (
    <ConversationPage
      key={conversation.id}
      state={state}
      conversation={conversation}
      threadTs={place.threadTs}
      isApp={isBotConversation(conversation, state)}
    />
  );
}

function Starting(): VNode {
  return (
    <div class="starting" role="status">
      <span class="spinner" /> Waiting for the sandbox…
    </div>
  );
}
