import type { Chapter } from "../entry.ts";
export const APPROVALS: Chapter = { name: "approvals", on: "example", entries: [] };
