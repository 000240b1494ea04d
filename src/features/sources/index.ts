/** What the rest of the program may use from sources. */
export {
  addSource,
  createSourceDirectory,
  listSources,
  removeSource,
  rotateSource,
  type SourceChange,
  type SourceDirectory,
} from "./flow.ts";
export { DEFAULT_SOURCE, ROTATION_GRACE_HOURS, type Source } from "./rules.ts";
