/** What the listeners of alerts need. */
import type { Directory } from "../../../slack/directory.ts";
import type { LookDeps } from "../flow/look.ts";

export interface AlertSlackDeps extends LookDeps {
  readonly directory: Pick<Directory, "loadSlackUser" | "resolveMentions">;
}
