/** Deliveries to the native endpoint as they arrive there, from recorded fixtures or values. */
import { readFileSync } from "node:fs";
import { AppError } from "../../src/domain/errors.ts";
import { instant } from "../../src/domain/time.ts";
import type { UsageEvent } from "../../src/domain/usage.ts";
import type { AdapterContext } from "../../src/features/ingest/adapters/adapter.ts";
import {
  type NativeDelivery,
  parseNativeDelivery,
} from "../../src/features/ingest/adapters/native.ts";
import type { ParsedEvent } from "../../src/features/ingest/rules.ts";

export const DELIVERY_CONTEXT: AdapterContext = {
  source: "checkout",
  now: instant("2026-11-23T12:00:00Z"),
};

export function webhookFixture(name: string): string {
  return readFileSync(`test/fixtures/webhooks/${name}`, "utf8");
}

/** What comes of a body; a value is sent as JSON. */
export function parseDelivery(
  body: unknown,
  rest: Partial<Omit<NativeDelivery, "body">> = {},
  context: AdapterContext = DELIVERY_CONTEXT,
): readonly ParsedEvent[] {
  const bytes = Buffer.isBuffer(body)
    ? body
    : Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  return parseNativeDelivery(
    { contentType: "application/json", headers: {}, ...rest, body: bytes },
    context,
  );
}

export function eventsOf(parsed: readonly ParsedEvent[]): readonly UsageEvent[] {
  return parsed.flatMap((element) => (element.kind === "event" ? [element.event] : []));
}

/** The only element of a delivery, an event. */
export function onlyEvent(parsed: readonly ParsedEvent[]): UsageEvent {
  const [first, ...others] = parsed;
  if (first === undefined || others.length > 0) {
    throw new Error(`expected one element, got ${String(parsed.length)}`);
  }
  if (first.kind !== "event") throw new Error(first.rejection.message);
  return first.event;
}

/** "0: message of the rejection", for each element that is no event. */
export function rejectionsOf(parsed: readonly ParsedEvent[]): readonly string[] {
  return parsed.flatMap((element) =>
    element.kind === "rejected"
      ? [`${String(element.rejection.index)}: ${element.rejection.message}`]
      : [],
  );
}

/** How a delivery was refused as a whole; undefined when it was not. Bugs rise. */
export function failureOf(parse: () => unknown): AppError | undefined {
  try {
    parse();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  return undefined;
}
