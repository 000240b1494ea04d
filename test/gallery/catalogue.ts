/**
 * Every surface that people meet, by chapter. A test finds what the program answers or says and no
 * entry shows.
 */
import { ALERTS } from "./chapters/alerts.ts";
import { APPROVALS } from "./chapters/approvals.ts";
import { BUDGETS } from "./chapters/budgets.ts";
import { DIGESTS } from "./chapters/digests.ts";
import { GOVERNANCE } from "./chapters/governance.ts";
import { HOME } from "./chapters/home.ts";
import { INSTALLATION } from "./chapters/installation.ts";
import { PEOPLE } from "./chapters/people.ts";
import { REPORTS } from "./chapters/reports.ts";
import { SET_UP } from "./chapters/set-up.ts";
import type { Chapter } from "./entry.ts";

export const CATALOGUE: readonly Chapter[] = [
  REPORTS,
  BUDGETS,
  DIGESTS,
  ALERTS,
  HOME,
  GOVERNANCE,
  PEOPLE,
  APPROVALS,
  SET_UP,
  INSTALLATION,
];
