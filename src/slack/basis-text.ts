/** What figures rest on, as people read it under them in Slack: one wording wherever money is shown. */
import { BASIS_TEXT, type FigureBasis } from "../domain/basis.ts";
import { type Instant, instant } from "../domain/time.ts";
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
