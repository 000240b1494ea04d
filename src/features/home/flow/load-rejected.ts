/** What could not be recorded, for who sees everything. */
import type { Email } from "../../../domain/email.ts";
import type { Block } from "../../../slack/blocks.ts";
import { listRecentRejected, rejectedBlocks } from "../../ingest/index.ts";
import { findPerson, seesEverything } from "../../organization/index.ts";
import type { PageDeps } from "./load-page.ts";

/** Undefined for anybody else. */
export async function loadRejected(
  deps: PageDeps,
  email: Email,
): Promise<readonly Block[] | undefined> {
  if (!seesEverything(await findPerson(deps, email))) return undefined;
  return rejectedBlocks(await listRecentRejected(deps));
}
