/**
 * Takes the pictures: a desktop and a phone look at the sandbox's page, each in the light and in the
 * dark. A window grows until what it shows fits, so that nothing is cut off.
 */
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { launchChromium } from "../browser/chromium.ts";
import type { Subject, Variant } from "./entry.ts";
import type { Stage } from "./stage.ts";

const SIZES = {
  desktop: { width: 1280, height: 800 },
  phone: { width: 390, height: 844 },
} as const;
const SCHEMES = ["light", "dark"] as const;
const WAIT_MS = 20_000;
const HEIGHT_MAX = 8_000;

type Device = keyof typeof SIZES;

export interface Photographer {
  /** One picture for each wanted variant, as `DIRECTORY/NAME-VARIANT.png`; what the page complained of. */
  readonly shoot: (of: {
    readonly stage: Stage;
    readonly subject: Subject;
    readonly name: string;
    readonly variants: readonly Variant[];
  }) => Promise<readonly string[]>;
  readonly close: () => Promise<void>;
}

export async function openPhotographer(directory: string): Promise<Photographer> {
  const browser = await launchChromium();
  const open = async (device: Device): Promise<Eye> => await openEye(browser, device);
  const eyes = await Promise.all([open("desktop"), open("phone")]);
  return {
    shoot: async ({ stage, subject, name, variants }) => {
      const complaints = await Promise.all(
        eyes.map(async (eye) => {
          const schemes = SCHEMES.filter((scheme) => variants.includes(`${eye.device}-${scheme}`));
          if (schemes.length === 0) return [];
          return await look(eye, { stage, subject, schemes, path: join(directory, name) });
        }),
      );
      return complaints.flat();
    },
    close: async () => await browser.close(),
  };
}

interface Eye {
  readonly device: Device;
  readonly page: Page;
  readonly complaints: string[];
}

async function openEye(browser: Browser, device: Device): Promise<Eye> {
  const context = await browser.newContext({
    viewport: SIZES[device],
    isMobile: device === "phone",
    hasTouch: device === "phone",
    locale: "en-US",
    reducedMotion: "reduce",
    bypassCSP: true, // What is asked of the page here is text, which its own policy refuses to run.
  });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (line) => {
    if (line.type() === "error") complaints.push(line.text());
  });
  return { device, page, complaints };
}

async function look(
  { device, page, complaints }: Eye,
  of: {
    readonly stage: Stage;
    readonly subject: Subject;
    readonly schemes: readonly (typeof SCHEMES)[number][];
    readonly path: string;
  },
): Promise<readonly string[]> {
  const { stage, subject, schemes, path } = of;
  complaints.length = 0;
  await page.setViewportSize(SIZES[device]);
  await page.clock.setFixedTime(stage.clock());
  await page.emulateMedia({ colorScheme: "light" });
  const found = await goTo(page, stage, subject);
  await subject.onPage?.(page);
  const selector = subject.shows ?? found;
  await grow(page, selector, SIZES[device]);
  await page.mouse.move(0, 0); // Nothing looks hovered.
  await page.evaluate(BLUR);
  for (const colorScheme of schemes) {
    const file = `${path}-${device}-${colorScheme}.png`;
    // oxlint-disable no-await-in-loop -- one page, one picture at a time
    await mkdir(dirname(file), { recursive: true });
    await page.emulateMedia({ colorScheme });
    await page.locator(selector).last().screenshot({ path: file, animations: "disabled" });
    // oxlint-enable no-await-in-loop
  }
  return complaints;
}

/** Opens where it stands, and waits until it is drawn; returns how it is found there. */
async function goTo(page: Page, stage: Stage, subject: Subject): Promise<string> {
  if (subject.kind === "web-page") {
    await page.goto("about:blank"); // Else it would still be where the last subject was.
    await page.setContent(subject.html);
    return "html";
  }
  const selector = selectorOf(subject);
  await page.goto("about:blank"); // What another subject left open must not stand in the way.
  await page.goto(`${stage.url}/#${stage.person(subject.as).userId}/${placeOf(subject)}`);
  await page.locator(selector).last().waitFor();
  await page.addStyleTag({ content: ".dialog { max-height: none }" }); // Else it would scroll.
  await page.getByRole("status", { name: /Loading/ }).waitFor({ state: "detached" });
  await settled(page, selector);
  return selector;
}

function placeOf(subject: Exclude<Subject, { readonly kind: "web-page" }>): string {
  if (subject.kind === "home") return "home";
  if (subject.kind === "modal") return "about";
  const { channel, threadTs, ts } = subject.message;
  return threadTs === null || threadTs === ts ? channel : `${channel}/${threadTs}`;
}

function selectorOf(subject: Exclude<Subject, { readonly kind: "web-page" }>): string {
  switch (subject.kind) {
    case "message":
      return `article[data-ts="${subject.message.ts}"]`;
    case "modal":
      return "dialog[open]";
    case "home":
      return ".home";
  }
}

/** Images and fonts have arrived, and nothing moves any more. */
async function settled(page: Page, selector: string): Promise<void> {
  await page.evaluate(`(async () => {
    await document.fonts.ready;
    let before = "";
    for (let calm = 0; calm < 3; ) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const element = ${lastOf(selector)};
      const images = [...(element?.querySelectorAll("img") ?? [])];
      await Promise.all(images.map((image) => image.decode().catch(() => undefined)));
      const now = element?.innerHTML ?? "";
      calm = now !== "" && now === before ? calm + 1 : 0;
      before = now;
    }
  })()`);
}

/** Makes the window as high as what it shows needs. */
async function grow(
  page: Page,
  selector: string,
  size: { readonly width: number; readonly height: number },
): Promise<void> {
  const missing = await page.evaluate<number>(`(() => {
    const element = ${lastOf(selector)};
    const hidden = (one) => Math.max(0, one.scrollHeight - one.clientHeight);
    const scroller = element.closest('[role="log"], .app-scroll');
    const own = Math.ceil(element.getBoundingClientRect().height) + 48;
    const outside = scroller === null ? 0 : Math.max(0, own - scroller.clientHeight);
    return Math.max(outside, ...[...element.querySelectorAll(".dialog-body")].map(hidden));
  })()`);
  if (missing === 0) return;
  const height = Math.min(HEIGHT_MAX, size.height + missing);
  await page.setViewportSize({ width: size.width, height });
  await page.locator(selector).last().scrollIntoViewIfNeeded();
  await settled(page, selector);
}

/** Nothing looks as if somebody were about to type: no ring, and no list of people over a form. */
const BLUR = "document.activeElement?.blur()";

function lastOf(selector: string): string {
  return `[...document.querySelectorAll(${JSON.stringify(selector)})].at(-1)`;
}
