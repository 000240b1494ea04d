/** The files that `claude-spend import` is asked for: names, folders, patterns and standard input. */
import { stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { glob, isDynamicPattern } from "tinyglobby";
import { AppError } from "../domain/errors.ts";
import { STDIN } from "./import-input.ts";

export interface InputFile {
  readonly path: string;
  /** Size on disk; 0 for standard input. */
  readonly bytes: number;
  /** Asked for by itself, and not only found in a folder: it must be usage. */
  readonly isNamed: boolean;
}

/** What a folder is searched for. Patterns find any other name. */
const IN_FOLDERS = "**/*.{jsonl,ndjson,jsonl.gz,ndjson.gz}";

/** Each file once, in the order in which it was asked for. Throws for what is not there. */
export async function findInputFiles(asked: readonly string[]): Promise<readonly InputFile[]> {
  const found = (await Promise.all(asked.map(findOne))).flat();
  const byPath = new Map<string, InputFile>();
  for (const file of found) {
    const key = file.path === STDIN ? STDIN : resolve(file.path);
    const known = byPath.get(key);
    byPath.set(
      key,
      known?.isNamed === true ? known : { ...(known ?? file), isNamed: file.isNamed },
    );
  }
  return [...byPath.values()];
}

async function findOne(asked: string): Promise<readonly InputFile[]> {
  if (asked === STDIN) return [{ path: STDIN, bytes: 0, isNamed: true }];
  // A pattern in quotes comes with its tilde.
  const path = asked.startsWith("~/") ? join(homedir(), asked.slice(2)) : asked;
  const status = await stat(path).catch(() => undefined);
  if (status?.isDirectory() === true) return await matching(IN_FOLDERS, path);
  if (status !== undefined) return [{ path, bytes: status.size, isNamed: true }];
  const matched = isDynamicPattern(path) ? await matching(path) : [];
  if (matched.length > 0) return matched.map((file) => ({ ...file, isNamed: true }));
  throw new AppError({
    code: "invalid",
    message: `Can't find ${asked}. Name files, folders, patterns such as '~/.claude/projects/**/*.jsonl', or - for standard input.`,
  });
}

async function matching(pattern: string, folder?: string): Promise<readonly InputFile[]> {
  const names = await glob(pattern, {
    dot: true,
    expandDirectories: false,
    ...(folder === undefined ? {} : { cwd: folder }),
  });
  const paths = names.toSorted().map((name) => (folder === undefined ? name : join(folder, name)));
  return await Promise.all(
    paths.map(async (path) => ({ path, bytes: (await stat(path)).size, isNamed: false })),
  );
}
