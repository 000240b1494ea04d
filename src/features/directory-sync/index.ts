/** What the rest of the program may use from the directory sync. */
export { type SyncDeps, type SyncOutcome, syncDirectory } from "./flow/sync-directory.ts";
export { startDirectorySync } from "./schedule.ts";
export { type ListedNames, loadListedNames } from "./store/names.ts";
export { listSyncs } from "./store/syncs.ts";
