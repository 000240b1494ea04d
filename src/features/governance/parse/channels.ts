/** Where a governance document names channels, with their lines. */
import type { NamedChannel } from "../rules/check-channels.ts";
import { type FieldPath, formatFieldPath, type Governance } from "../rules.ts";
import { readDocument } from "./document.ts";

/** Every channel that a document names; `governance` is what its `text` says. */
export function namedChannels(text: string, governance: Governance): NamedChannel[] {
  const read = readDocument(text);
  if (!read.ok) return [];
  const { organization, teams, digests } = governance;
  const places: readonly { readonly path: FieldPath; readonly channel: string | undefined }[] = [
    { path: ["organization", "finops_channel"], channel: organization.finopsChannel },
    ...teams.map(({ key, channel }) => ({ path: ["teams", key, "channel"], channel })),
    ...digests.map(({ channel }, index) => ({ path: ["digests", index, "channel"], channel })),
  ];
  return places.flatMap(({ path, channel }) =>
    channel === undefined
      ? []
      : [{ ...read.document.locate(path), field: formatFieldPath(path), channel }],
  );
}
