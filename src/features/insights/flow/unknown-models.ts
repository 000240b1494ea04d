/** Looks for models whose price had to be assumed, and for those whose price is known by now. */
import { ORG_SCOPE } from "../../../domain/scope.ts";
import type { Sql } from "../../../store/database.ts";
import { loadPriceList, normaliseModelId } from "../../pricing/index.ts";
import { unknownModelContent, unknownModelOverText } from "../messages/alerts.ts";
import type { Finding } from "../rules.ts";
import { listOpenEpisodes } from "../store/episodes.ts";
import { listModelsSeen, loadModelSpend } from "../store/series.ts";
import { recordFindings } from "./episodes.ts";
import type { LookDeps, LookResult } from "./look.ts";

/** Admins hear of each such model once; its thread ends when somebody recorded a price. */
export async function lookForUnknownModels(sql: Sql, { clock }: LookDeps): Promise<LookResult> {
  const now = clock();
  const open = await listOpenEpisodes(sql, ["unknown_model"]);
  const prices = await loadPriceList(sql);
  const unknown = (await listModelsSeen(sql)).filter(
    (modelId) => !normaliseModelId(modelId, prices).isKnown,
  );
  const openOf = new Map(open.map((episode) => [episode.subject, episode]));
  const findings: Finding[] = [];
  for (const modelId of unknown) {
    const known = openOf.get(modelId);
    // What was told stays as it is: the amount grows, the news is old.
    const spend =
      known === undefined
        ? // oxlint-disable-next-line no-await-in-loop -- once for each such model
          await loadModelSpend(sql, modelId)
        : { cost: known.amount, isAssumed: true };
    if (!spend.isAssumed) continue;
    findings.push({
      kind: "unknown_model",
      subject: modelId,
      scope: ORG_SCOPE,
      severity: "warning",
      amount: spend.cost,
      countedUntil: now,
      content: unknownModelContent({ modelId, amount: spend.cost }),
    });
  }
  await recordFindings(
    sql,
    { clock },
    {
      now,
      open,
      findings,
      endOf: ({ subject }) => unknownModelOverText(subject),
    },
  );
  return { examined: unknown.length, found: findings.length };
}
