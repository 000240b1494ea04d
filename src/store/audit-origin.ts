/**
 * From where a change comes: which message, request or command. An edge says it once, around the
 * work; `recordAudit` keeps it with each entry. Carried by the call instead of an argument, since
 * it decides nothing: no step between the edge and the entry may depend on it.
 */
import { AsyncLocalStorage } from "node:async_hooks";

export type AuditOrigin =
  | {
      readonly via: "slack";
      /** "command raise", "action approval_approve". */
      readonly surface: string;
      readonly slack_user_id: string;
      readonly slack_team_id: string;
      /** Where it was typed or clicked; absent in App Home and in modals. */
      readonly channel?: string | undefined;
      /** Of the message with the button. */
      readonly message_ts?: string | undefined;
    }
  | {
      readonly via: "api";
      readonly route: string;
      readonly request_id: string;
      /** Tells tokens apart without telling them: the first characters of their SHA-256. */
      readonly token?: string | undefined;
    }
  | { readonly via: "cli"; readonly command: string; readonly user: string };

const origins = new AsyncLocalStorage<AuditOrigin>();

/** Runs `work`; what it records says that it came from there. */
export function withAuditOrigin<T>(origin: AuditOrigin, work: () => T): T {
  return origins.run(origin, work);
}

/** Undefined for what the program does by itself. */
export function currentAuditOrigin(): AuditOrigin | undefined {
  return origins.getStore();
}
