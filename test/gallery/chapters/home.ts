import type { Chapter } from "../entry.ts";
export const HOME: Chapter = { name: "home", on: "example", entries: [] };
