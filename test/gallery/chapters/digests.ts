import type { Chapter } from "../entry.ts";
export const DIGESTS: Chapter = { name: "digests", on: "example", entries: [] };
