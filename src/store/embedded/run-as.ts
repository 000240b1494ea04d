/** Which user runs Postgres. It refuses root, so root hands it to the owner of the files, or nobody. */
import { lstat, stat } from "node:fs/promises";
import { dirname } from "node:path";

/** Empty: as ourselves. The shape that `spawn` takes. */
export interface RunAs {
  readonly uid?: number;
  readonly gid?: number;
}

/** The same number on every Linux; `initdb` wants a user that /etc/passwd lists. */
const NOBODY: RunAs = { uid: 65_534, gid: 65_534 };

/** `owner`: of the existing cluster, so that root and an ordinary user can take turns. */
export function chooseUser(
  owner: { readonly uid: number; readonly gid: number } | undefined,
): RunAs {
  if (process.getuid?.() !== 0) return {};
  return owner === undefined || owner.uid === 0 ? NOBODY : { uid: owner.uid, gid: owner.gid };
}

/** Whether the user can get to `path` through all directories above it. */
export async function canReach(path: string, runAs: RunAs): Promise<boolean> {
  if (runAs.uid === undefined) return true;
  for (let above = dirname(path); ; above = dirname(above)) {
    const { mode, uid } = await stat(above);
    if ((mode & 0o001) === 0 && !(uid === runAs.uid && (mode & 0o100) !== 0)) return false;
    if (above === dirname(above)) return true;
  }
}

export async function exists(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  );
}

/** What went wrong, in one line for a message. */
export function causeText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stderr = "stderr" in error && typeof error.stderr === "string" ? error.stderr.trim() : "";
  return (stderr === "" ? error.message : stderr).replaceAll(/\s*\n\s*/g, "; ");
}
