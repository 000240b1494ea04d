import type { Chapter } from "../entry.ts";
export const GOVERNANCE: Chapter = { name: "governance", on: "example", entries: [] };
