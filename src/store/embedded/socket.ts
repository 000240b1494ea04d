/** Where the server's socket is: a directory that only its user may enter, with a short path. */
import { chown, lstat, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { AppError } from "../../domain/errors.ts";
import { answers, type Cluster, findPostmaster, readPidFile, socketPath } from "./postmaster.ts";
import { canReach } from "./run-as.ts";

/** What every system can take: `sun_path` of macOS without its final zero. Linux has four more. */
const PATH_BYTES_MAX = 103;
const PRIVATE_PREFIX = "claude-spend-";

/** The cluster's own directory; a private one for temporary files where its path is too long. */
export async function chooseSocketDirectory({ directory, runAs }: Cluster): Promise<string> {
  const running = await findPostmaster(directory);
  if (running !== undefined) return running.socketDirectory;
  await removeForgottenSocketDirectory(directory);
  // Postgres takes a list here, in which these characters mean something.
  if (fits(directory) && !/[",]/.test(directory)) return directory;
  for (const parent of [tmpdir(), "/tmp"]) {
    const made = await mkdtemp(join(parent, PRIVATE_PREFIX));
    if (fits(made) && (await canReach(made, runAs))) {
      if (runAs.uid !== undefined && runAs.gid !== undefined) {
        await chown(made, runAs.uid, runAs.gid);
      }
      return made;
    }
    await rm(made, { recursive: true });
  }
  throw new AppError({
    code: "invalid",
    message: `The path ${directory} is too long for a socket, and so is the temporary directory's. Choose a shorter DATA_DIR.`,
  });
}

/** Removes a private directory when its server is gone for good. */
export async function removeSocketDirectory(socketDirectory: string): Promise<void> {
  if (!basename(socketDirectory).startsWith(PRIVATE_PREFIX)) return;
  await rm(socketDirectory, { recursive: true, force: true });
}

/** Of a server that was killed before it could tidy up. */
export async function removeForgottenSocketDirectory(directory: string): Promise<void> {
  const forgotten = (await readPidFile(directory))?.socketDirectory;
  if (forgotten === undefined || forgotten === directory) return;
  if (await answers(socketPath(forgotten))) return;
  const [socket, cluster] = await Promise.all(
    [forgotten, directory].map(async (path) => await lstat(path).catch(() => undefined)),
  );
  // The file is as trustworthy as the cluster; the name and the owner guard against a reused one.
  if (socket?.isDirectory() === true && socket.uid === cluster?.uid) {
    await removeSocketDirectory(forgotten);
  }
}

function fits(directory: string): boolean {
  return Buffer.byteLength(socketPath(directory)) <= PATH_BYTES_MAX;
}
