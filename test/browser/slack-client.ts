/**
 * The sandbox's page in a real Chromium, used as a person uses Slack: by what is written on it. Waits
 * for what it looks for, so that a test needs no pauses.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Locator, Page } from "playwright-core";
import { expect } from "vitest";

/** Only a test that fails waits so long. */
const WAIT_MS = 60_000;
const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };
const SHOTS = join("test-results", "browser");

export type Who = "Bo Chen" | "Ana Silva" | "Dana Kim" | "Finn Roth" | "Mia Novak";

export interface SlackClient {
  readonly page: Page;
  /** What the page itself complained of; a good story ends without any. */
  readonly complaints: readonly string[];
  readonly viewAs: (who: Who) => Promise<void>;
  readonly openChannel: (name: string) => Promise<void>;
  readonly openApp: (tab: "Home" | "Messages") => Promise<void>;
  /** Types a line into the composer of the open conversation and sends it. */
  readonly send: (line: string) => Promise<void>;
  /** Messages of the open conversation that say all of this. */
  readonly messages: (...saying: readonly (string | RegExp)[]) => Locator;
  /** The side bar's entry of a channel or of the app. */
  readonly entry: (name: string) => Locator;
  readonly dialog: (title: string | RegExp) => Locator;
  /** Keeps a picture under test-results. */
  readonly shoot: (name: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Opens the page in a window of its own. */
export async function openSlack(
  browser: Browser,
  url: string,
  size: "desktop" | "phone" = "desktop",
): Promise<SlackClient> {
  const context = await browser.newContext({
    viewport: size === "phone" ? PHONE : DESKTOP,
    isMobile: size === "phone",
    hasTouch: size === "phone",
    locale: "en-US",
    colorScheme: "light",
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (line) => {
    if (line.type() === "error") complaints.push(line.text());
  });
  await page.goto(url);

  const sideBar = page.getByRole("navigation", { name: "Conversations" });
  const switcher = page.getByLabel("Viewing as");
  const main = page.getByRole("main");
  const entry = (name: string): Locator => sideBar.getByRole("link", { name });
  return {
    page,
    complaints,
    entry,
    viewAs: async (who) => {
      const person = switcher.locator("option", { hasText: who });
      await switcher.selectOption((await person.getAttribute("value")) ?? "");
      await page.locator(".switcher-words", { hasText: who }).waitFor();
      await entry("Claude Spend").waitFor();
    },
    openChannel: async (name) => {
      await entry(name).click();
      await page.getByRole("log", { name: `Messages in #${name}` }).waitFor();
      await page.getByRole("status", { name: "Loading messages" }).waitFor({ state: "detached" });
    },
    openApp: async (tab) => {
      await entry("Claude Spend").click();
      await main
        .getByRole("navigation", { name: "Claude Spend tabs" })
        .getByRole("link", { name: tab })
        .click();
      await main.locator("[aria-current=page]", { hasText: tab }).waitFor();
    },
    send: async (line) => {
      await main.getByLabel("Message", { exact: true }).fill(line);
      await main.getByLabel("Message", { exact: true }).press("Enter");
    },
    messages: (...saying) =>
      saying.reduce<Locator>(
        (found, hasText) => found.filter({ hasText }),
        main.getByRole("log").getByRole("article"),
      ),
    dialog: (title) => page.getByRole("dialog", { name: title }),
    shoot: async (name) => {
      await page.mouse.move(0, 0); // Nothing looks hovered.
      await mkdir(SHOTS, { recursive: true });
      await page.screenshot({ path: join(SHOTS, `${name}.png`) });
    },
    close: async () => await context.close(),
  };
}

/** Waits until at least one matches; the newest one is what a test looks at. */
export async function newest(found: Locator, timeoutMs = WAIT_MS): Promise<Locator> {
  await found.last().waitFor({ timeout: timeoutMs });
  return found.last();
}

/** Waits until as many match as said. */
export async function expectCount(found: Locator, count: number): Promise<void> {
  await expect.poll(async () => await found.count(), { timeout: WAIT_MS }).toBe(count);
}
