/**
 * Where a test's databases are kept. A copy of the template is some hundred small files: in memory it
 * takes a twentieth of the time that it takes on a disk. A container may have next to no memory for
 * files; then it is the system's temporary directory as for everything else.
 */
import { access, constants, mkdtemp, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const IN_MEMORY = "/dev/shm";
/** Of all databases and logs of a run together there are some hundred megabytes at any time. */
const ROOM_BYTES = 2 * 1024 ** 3;

/** A new directory for database files, its name beginning with `prefix`. The caller removes it. */
export async function makeScratchDirectory(prefix: string): Promise<string> {
  return await mkdtemp(join((await hasRoom(IN_MEMORY)) ? IN_MEMORY : tmpdir(), prefix));
}

async function hasRoom(directory: string): Promise<boolean> {
  try {
    await access(directory, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize >= ROOM_BYTES;
  } catch {
    return false; // Not a system that has one.
  }
}
