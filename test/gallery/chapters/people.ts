import type { Chapter } from "../entry.ts";
export const PEOPLE: Chapter = { name: "people", on: "example", entries: [] };
