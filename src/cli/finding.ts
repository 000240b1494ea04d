/** What a check of `doctor` found: what is so and, unless it is fine, what to do. */

export interface Check {
  readonly name: string;
  readonly status: "ok" | "warning" | "failed";
  /** What was found and, unless it is fine, what to do. */
  readonly message: string;
}

export type Finding = Omit<Check, "name">;

export const ok = (message: string): Finding => ({ status: "ok", message });
export const warning = (message: string): Finding => ({ status: "warning", message });
export const failed = (message: string): Finding => ({ status: "failed", message });
