/** Headless Chromium, for the tests in a browser and for the gallery. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/** `CHROME_PATH`, or one from a usual place; throws where there is none. */
function chromePath(): string {
  const named = process.env["CHROME_PATH"] ?? "";
  if (named !== "") return named;
  const directories = ["/usr/bin", ...(process.env["PATH"] ?? "").split(delimiter)];
  const found = directories
    .flatMap((directory) => NAMES.map((name) => join(directory, name)))
    .find((path) => existsSync(path));
  if (found === undefined) throw new Error("No Chromium found: install one or set CHROME_PATH.");
  return found;
}

export async function launchChromium(): Promise<Browser> {
  return await chromium.launch({
    executablePath: chromePath(),
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
