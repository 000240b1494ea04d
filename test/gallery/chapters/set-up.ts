import type { Chapter } from "../entry.ts";
export const SET_UP: Chapter = { name: "set-up", on: "example", entries: [] };
