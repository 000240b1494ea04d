/** A version of the governance document, as far as people are told of it. Pure types. */
import type { Instant } from "../../../domain/time.ts";

export interface VersionFacts {
  readonly version: number;
  readonly appliedAt: Instant;
  readonly appliedBy: string;
  readonly origin:
    | { readonly via: "slack"; readonly slack_user_id: string }
    | { readonly via: "api"; readonly token?: string | undefined }
    | { readonly via: "cli"; readonly user: string }
    | { readonly via: "file" }
    | undefined;
  readonly changes: readonly string[] | undefined;
  readonly restoredVersion: number | undefined;
}
