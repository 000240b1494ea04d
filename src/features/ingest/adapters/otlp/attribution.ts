/**
 * What attributes and resources say about a call besides its figures: when it was, whose it is, and
 * which tags it carries. Names are read from lists of known ones; of a resource, which an operator
 * words, everything is a tag that is not technical or could hold text of a conversation.
 */
import { type Email, parseEmail } from "../../../../domain/email.ts";
import { type Instant, instant } from "../../../../domain/time.ts";
import { requiredId } from "../../event-fields.ts";
import type { Attributes } from "./records.ts";

const TAGS_MAX = 32;
const SHORT_CHARS_MAX = 64;
const EPOCH_MS_MAX = 8_640_000_000_000_000;

const TEAM_NAMES = ["team.id", "team", "team_id"];
const PROJECT_NAMES = ["project", "project.id", "project_id"];

/** Of the namespaces of OpenTelemetry's conventions, what tells one spender from another. */
const TECHNICAL_TAGS: ReadonlySet<string> = new Set([
  "cloud.account.id",
  "deployment.environment",
  "deployment.environment.name",
  "k8s.cluster.name",
  "k8s.deployment.name",
  "k8s.namespace.name",
  "service.name",
  "service.namespace",
]);
const TECHNICAL =
  /^(?:app|aws|azure|browser|claude_code|client|cloud|code|container|db|deployment|device|enduser|event|exception|faas|gcp|gen_ai|heroku|host|http|identity|k8s|log|network|os|otel|process|rpc|server|service|session|source|telemetry|thread|url|user|webengine|wsl)\./;
/** `claude -p "…"` has its prompt in `process.command_args`; nothing like it is ever a tag. */
const HOLDS_TEXT =
  /answer|arg|body|command|completion|content|error|input|instruction|message|output|prompt|query|question|response|text|tool/i;

/** Of a name that nobody knows only a label is kept, as OTEL_RESOURCE_ATTRIBUTES has it: one word. */
const LABEL = /^[\w.:@/+-]{1,64}$/;

/** The first of `names` that holds a text which can be an id; the event's own value comes first. */
export function firstId(
  sources: readonly Attributes[],
  names: readonly string[],
): string | undefined {
  for (const attributes of sources) {
    for (const name of names) {
      const value = attributes[name];
      // Most names are absent, and a failing parse costs far more than a check.
      if (value === undefined || typeof value === "boolean") continue;
      const parsed = requiredId.safeParse(String(value));
      if (parsed.success) return parsed.data;
    }
  }
  return undefined;
}

/** The same for names that are stored as words, such as a provider's. */
export function shortName(attributes: Attributes, names: readonly string[]): string | undefined {
  const name = firstId([attributes], names);
  return name !== undefined && name.length <= SHORT_CHARS_MAX ? name : undefined;
}

/** Team, project and person of a call. What is no address is no person, and costs nobody the event. */
export function ownerOf(
  sources: readonly Attributes[],
  userNames: readonly string[],
): {
  readonly claimedTeam: string | undefined;
  readonly claimedProject: string | undefined;
  readonly userEmail: Email | undefined;
} {
  const emails = userNames.flatMap((name) => {
    const user = firstId(sources, [name]);
    return user === undefined ? [] : (parseEmail(user) ?? []);
  });
  return {
    claimedTeam: firstId(sources, TEAM_NAMES),
    claimedProject: firstId(sources, PROJECT_NAMES),
    userEmail: emails[0],
  };
}

/** Tags: those of `names` that the event itself has, then what its resource is labelled with. */
export function tagsOf(
  { attributes, resource }: { readonly attributes: Attributes; readonly resource: Attributes },
  names: readonly string[],
): Readonly<Record<string, string>> {
  const tags = new Map<string, string>();
  for (const name of names) addTag(tags, name, attributes[name]);
  const claims = [...TEAM_NAMES, ...PROJECT_NAMES];
  for (const [name, value] of Object.entries(resource)) {
    const isKnown = TECHNICAL_TAGS.has(name) || names.includes(name);
    if ((isKnown || isLabel(name, value)) && !claims.includes(name)) addTag(tags, name, value);
  }
  return Object.fromEntries(tags);
}

function isLabel(name: string, value: Attributes[string] | undefined): boolean {
  return !TECHNICAL.test(name) && !HOLDS_TEXT.test(name) && LABEL.test(String(value));
}

function addTag(
  tags: Map<string, string>,
  name: string,
  value: Attributes[string] | undefined,
): void {
  if (value === undefined || tags.has(name) || tags.size >= TAGS_MAX) return;
  const text = requiredId.safeParse(String(value));
  if (text.success && requiredId.safeParse(name).success) tags.set(name, text.data);
}

/** OTLP's nanoseconds since 1970; undefined when absent, or 0, which means the same. */
export function timeFromNanos(value: unknown): Instant | undefined | "invalid" {
  if (value === undefined || value === null || value === 0 || value === "0") return undefined;
  const isDecimal = typeof value === "string" && /^\d{1,20}$/.test(value);
  const ms = isDecimal
    ? Number(BigInt(value) / 1_000_000n)
    : Math.floor((typeof value === "number" ? value : Number.NaN) / 1_000_000);
  return ms >= 0 && ms <= EPOCH_MS_MAX ? instant(ms) : "invalid";
}
