/** The shape of an entry of `teams`, and what it means: who and what belongs to a team, and when. */
import { z } from "zod";
import type { Email } from "../../../domain/email.ts";
import { doOverlap } from "../../../domain/stretch.ts";
import type { GovernedBelonging, GovernedTeam } from "../rules.ts";
import { type Calendar, startOf } from "./convert.ts";
import { isMapping } from "./parts.ts";
import { channel, email, key, localDate, text } from "./schema.ts";
import { listOf, mapping } from "./shapes.ts";

/** One entry of a list: a name, or a name with dates. */
interface Entry<Name extends string> {
  readonly name: Name;
  readonly from?: string | undefined;
  readonly until?: string | undefined;
}

const person = mapping({ email, from: localDate.optional(), until: localDate.optional() });
const project = mapping({
  project: key,
  from: localDate.optional(),
  until: localDate.optional(),
});

const people = entriesOf<Email>(
  email,
  person.transform(({ email: name, ...dates }) => ({ name, ...dates })),
  "address",
);
const projects = entriesOf<string>(
  key,
  project.transform(({ project: name, ...dates }) => ({ name, ...dates })),
  "project",
);

export const teamSchema = mapping({
  name: text.optional(),
  channel: channel.optional(),
  cost_center: text.optional(),
  owners: people.optional(),
  members: people.optional(),
  projects: projects.optional(),
});

/** A list of names, some with dates; a name again only for another time. */
function entriesOf<Name extends string>(
  bare: z.ZodType<Name>,
  dated: z.ZodType<Entry<Name>>,
  noun: string,
) {
  const entry = z.unknown().transform((value, ctx): Entry<Name> => {
    const read = isMapping(value)
      ? dated.safeParse(value)
      : bare.transform((name): Entry<Name> => ({ name })).safeParse(value);
    if (read.success) return read.data;
    for (const issue of read.error.issues) {
      const keys = issue.code === "unrecognized_keys" ? issue.keys : [undefined];
      const messages = issue.message.split("\n");
      keys.forEach((name, index) => {
        ctx.addIssue({
          code: "custom",
          path: [...issue.path, ...(name === undefined ? [] : [name])],
          message: messages[index] ?? issue.message,
        });
      });
    }
    return z.NEVER;
  });
  return listOf(entry).superRefine((entries, ctx) => {
    const refuse = (path: readonly (string | number)[], message: string): void => {
      ctx.addIssue({ code: "custom", path: [...path], message });
    };
    const before = new Map<Name, Entry<Name>[]>();
    entries.forEach((one, index) => {
      if (one.from !== undefined && one.until !== undefined && one.until <= one.from) {
        refuse([index, "until"], "expected a date after from");
        return;
      }
      const same = before.get(one.name) ?? [];
      before.set(one.name, [...same, one]);
      const other = same.find((earlier) => doOverlap(earlier, one));
      if (other === undefined) return;
      const isPlain = [one, other].every(({ from, until }) => (from ?? until) === undefined);
      refuse(
        [index],
        isPlain
          ? `expected each ${noun} once; ${one.name} is repeated`
          : `expected times that do not overlap; ${one.name} is here ${timeText(other)} already`,
      );
    });
  });
}

function timeText({ from, until }: Entry<string>): string {
  if (from === undefined && until === undefined) return "without dates";
  return [
    ...(from === undefined ? [] : [`from ${from}`]),
    ...(until === undefined ? [] : [`until ${until}`]),
  ].join(" ");
}

/** A date means its first instant in the organization's zone. */
export function teamFrom(
  teamKey: string,
  read: z.output<typeof teamSchema>,
  calendar: Calendar,
): GovernedTeam {
  const { owners = [], members = [], projects: listed = [] } = read;
  const datesOf = ({ from, until }: Entry<string>): Pick<GovernedBelonging, "from" | "until"> => {
    const [start, end] = [startOf(from, calendar), startOf(until, calendar)];
    return {
      ...(start === undefined ? {} : { from: start }),
      ...(end === undefined ? {} : { until: end }),
    };
  };
  const withDates = <Name extends string>(entries: readonly Entry<Name>[]): Entry<Name>[] =>
    entries.filter(({ from, until }) => (from ?? until) !== undefined);
  const dated: readonly GovernedBelonging[] = [
    ...withDates(owners).map((one) => ({
      role: "owners" as const,
      name: one.name,
      ...datesOf(one),
    })),
    ...withDates(members).map((one) => ({
      role: "members" as const,
      name: one.name,
      ...datesOf(one),
    })),
    ...withDates(listed).map((one) => ({
      role: "projects" as const,
      name: one.name,
      ...datesOf(one),
    })),
  ];
  return {
    key: teamKey,
    name: read.name ?? teamKey,
    ...(read.channel === undefined ? {} : { channel: read.channel }),
    ...(read.cost_center === undefined ? {} : { costCenter: read.cost_center }),
    owners: namesOf(owners),
    members: namesOf(members),
    projects: namesOf(listed),
    ...(dated.length === 0 ? {} : { dated }),
  };
}

function namesOf<Name extends string>(entries: readonly Entry<Name>[]): readonly Name[] {
  return [...new Set(entries.map(({ name }) => name))];
}
