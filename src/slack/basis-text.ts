/** What figures rest on, as people read it under them in Slack: one wording wherever money is shown. */
import { BASIS_TEXT, type FigureBasis } from "../domain/basis.ts";
import { type Instant, instant, MINUTE_MS } from "../domain/time.ts";
import { slackDate } from "./blocks.ts";

/** "Estimated from usage events · as of Nov 23, 10:32". */
export function basisText({ kind, asOf }: FigureBasis): string {
  const at = slackDate(instant(asOf), "{date_short_pretty} {time}", asOf);
  return `${BASIS_TEXT[kind]} · as of ${at}`;
}

/** Of figures with today in them: nothing of today was compared with a bill. */
export function estimateAt(now: Instant): FigureBasis {
  return { kind: "estimated", asOf: now.toISOString() };
}

/** Usage of the last quarter of an hour is as new as can be. */
const FRESH_MS = 15 * MINUTE_MS;

/**
 * Up to when usage has come in: "up to date", "no usage since Nov 22, 23:15". `dataUntil` is the end
 * of the last quarter of an hour in which anything was used; undefined: nothing ever was.
 */
export function freshText(of: {
  readonly asOf: Instant;
  readonly dataUntil: Instant | undefined;
}): string {
  const { asOf, dataUntil } = of;
  if (dataUntil === undefined) return "no usage has come in yet";
  if (asOf.getTime() - dataUntil.getTime() <= FRESH_MS) return "up to date";
  const since = slackDate(dataUntil, "{date_short_pretty} {time}", dataUntil.toISOString());
  return `no usage since ${since}`;
}
