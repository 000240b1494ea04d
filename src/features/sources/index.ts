/** What the rest of the program may use from sources. */
export {
  designateMeteringSource,
  listMetering,
  type Metering,
  type MeteringChange,
  replaceGovernedMetering,
} from "./flow/metering.ts";
export {
  addSource,
  createSourceDirectory,
  findSource,
  listSources,
  removeSource,
  rotateSource,
  type SourceChange,
  type SourceDirectory,
} from "./flow.ts";
export {
  DEFAULT_SOURCE,
  isMeteredElsewhere,
  type MeteringDesignation,
  type MeteringMatch,
  problemOfName,
  ROTATION_GRACE_HOURS,
  type Source,
} from "./rules.ts";
export { listMeteringDesignations } from "./store/metering.ts";
