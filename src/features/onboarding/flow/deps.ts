/** What the steps of the set-up need, and who is doing them. */
import type { Logger } from "pino";
import type { Email } from "../../../domain/email.ts";
import type { Clock } from "../../../domain/time.ts";
import type { Directory } from "../../../slack/directory.ts";
import type { SlackWeb } from "../../../slack/web.ts";
import type { Database } from "../../../store/database.ts";
import type { GovernanceAppliers } from "../../governance/index.ts";

export interface SetUpDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly directory: Pick<Directory, "loadSlackUser" | "findSlackUserByEmail">;
  readonly appliers: GovernanceAppliers;
  /** 32 bytes, for secrets of sources that shall sign. */
  readonly secretsKey: Buffer | undefined;
  /** Whether only the governance file changes the document. */
  readonly isFileOnly: boolean;
  readonly isAnthropicRead: boolean;
  /** Their App Homes show something else now. */
  readonly onChanged?: (people: readonly Email[]) => void;
}

/** Whoever uses a form, and the workspace that they use it in. */
export interface Visitor {
  readonly slackUserId: string;
  readonly email: Email;
  readonly web: SlackWeb;
}
