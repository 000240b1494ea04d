/**
 * Times as Slack words them, in the time zone of the person who looks. Pure: the present is passed
 * in. The zone comes from the person's profile, as in Slack, not from this browser.
 */
export interface Eye {
  readonly timeZone: string;
  readonly nowMs: number;
}

const ORDINALS: Readonly<Record<string, string>> = { one: "st", two: "nd", few: "rd", other: "th" };
const ordinalRules = new Intl.PluralRules("en", { type: "ordinal" });

export function msOf(ts: string): number {
  return Number(ts) * 1000;
}

/** "9:41 AM" */
export function timeOfDay(ms: number, eye: Eye): string {
  return format(ms, eye, { hour: "numeric", minute: "2-digit" });
}

/** "9:41" for the narrow gutter. */
export function shortTime(ms: number, eye: Eye): string {
  return timeOfDay(ms, eye).replace(/\s?[AP]M$/, "");
}

/** "2026-11-23": equal for two times of the same day in the person's zone. */
export function dayKey(ms: number, eye: Eye): string {
  return new Intl.DateTimeFormat("en-CA", { timeZone: eye.timeZone }).format(ms);
}

/** "Today", "Yesterday" or "Monday, November 23rd". */
export function dayName(ms: number, eye: Eye): string {
  return nearDay(ms, eye) ?? longDate(ms, eye, false);
}

/** "Nov 23, 2026 at 9:41:12 AM", for tooltips. */
export function fullTime(ms: number, eye: Eye): string {
  const options = { hour: "numeric", minute: "2-digit", second: "2-digit" } as const;
  return `${dayName(ms, eye)} at ${format(ms, eye, options)}`;
}

/** "3 minutes ago" */
export function ago(ms: number, eye: Eye): string {
  const seconds = Math.round((ms - eye.nowMs) / 1000);
  const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  }
  return seconds > 0 ? "in a moment" : "just now";
}

const UNITS = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
] as const;

/** Slack's `<!date^…>` with its placeholders; unknown ones stay. */
export function slackDate(ms: number, template: string, eye: Eye): string {
  return template.replace(
    /\{([a-z_]+)\}/g,
    (whole, name: string) => placeholder(name, ms, eye) ?? whole,
  );
}

function placeholder(name: string, ms: number, eye: Eye): string | undefined {
  const near = name.endsWith("_pretty") ? nearDay(ms, eye)?.toLowerCase() : undefined;
  if (near !== undefined) return near;
  switch (name.replace(/_pretty$/, "")) {
    case "date_num":
      return dayKey(ms, eye);
    case "date_slash":
      return format(ms, eye, { day: "2-digit", month: "2-digit", year: "numeric" });
    case "date":
      return `${monthAndDay(ms, eye)}, ${year(ms, eye)}`;
    case "date_short":
      return format(ms, eye, { month: "short", day: "numeric", year: "numeric" });
    case "date_long":
    case "date_long_full":
      return longDate(ms, eye, true);
    case "day_divider":
      return longDate(ms, eye, false);
    case "time":
      return timeOfDay(ms, eye);
    case "time_secs":
      return format(ms, eye, { hour: "numeric", minute: "2-digit", second: "2-digit" });
    case "ago":
      return ago(ms, eye);
    default:
      return undefined;
  }
}

function nearDay(ms: number, eye: Eye): string | undefined {
  const day = dayKey(ms, eye);
  if (day === dayKey(eye.nowMs, eye)) return "Today";
  if (day === dayKey(eye.nowMs - 86_400_000, eye)) return "Yesterday";
  return day === dayKey(eye.nowMs + 86_400_000, eye) ? "Tomorrow" : undefined;
}

function longDate(ms: number, eye: Eye, withYear: boolean): string {
  const weekday = format(ms, eye, { weekday: "long" });
  const isThisYear = year(ms, eye) === year(eye.nowMs, eye);
  const suffix = withYear || !isThisYear ? `, ${year(ms, eye)}` : "";
  return `${weekday}, ${monthAndDay(ms, eye)}${suffix}`;
}

function monthAndDay(ms: number, eye: Eye): string {
  const day = Number(format(ms, eye, { day: "numeric" }));
  return `${format(ms, eye, { month: "long" })} ${String(day)}${ORDINALS[ordinalRules.select(day)] ?? "th"}`;
}

function year(ms: number, eye: Eye): string {
  return format(ms, eye, { year: "numeric" });
}

function format(ms: number, eye: Eye, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat("en-US", { ...options, timeZone: eye.timeZone }).format(ms);
}
