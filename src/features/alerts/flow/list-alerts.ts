/** What was found, for those who read it elsewhere than in Slack. Looks only. */
import type { Scope } from "../../../domain/scope.ts";
import type { Sql } from "../../../store/database.ts";
import * as store from "../store/listing.ts";

export interface ListedAlert extends store.ListedAlert {
  /** The sentence that Slack shows. */
  readonly text: string;
}

/** The latest first; of one scope when one is given. Checks no authority: the caller does. */
export async function listAlerts(
  sql: Sql,
  query: { readonly scope?: Scope; readonly alertsMax: number },
): Promise<ListedAlert[]> {
  const listed = await store.listAlerts(sql, query.scope, query.alertsMax);
  return listed.map((one) => ({
    ...one,
    text: one.alert.content.happened
      .map((part) => (typeof part === "string" ? part : part.strong))
      .join(""),
  }));
}
