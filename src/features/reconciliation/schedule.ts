/** When days are judged: every minute it is asked whether something is due. */
import type { Logger } from "pino";
import { type MinuteTick, startMinuteTick } from "../../jobs/minute-tick.ts";
import { type ReconcileDeps, reconcileWhenDue } from "./flow/reconcile.ts";

/** Judges what is due until it is stopped. A tick of its own: a month of charges takes a while. */
export function startReconciling(deps: ReconcileDeps & { readonly log: Logger }): MinuteTick {
  const { log } = deps;
  return startMinuteTick({
    name: "reconcile",
    log,
    work: async () => {
      const outcome = await reconcileWhenDue(deps);
      if (outcome === undefined) return;
      const { judged, changed } = outcome;
      log.info(
        { work: "reconcile", outcome: "ok", judged: judged.length, changed: changed.length },
        "days compared with Anthropic's bill",
      );
    },
  });
}
