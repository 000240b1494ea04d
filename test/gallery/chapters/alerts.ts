import type { Chapter } from "../entry.ts";
export const ALERTS: Chapter = { name: "alerts", on: "example", entries: [] };
