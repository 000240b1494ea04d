/**
 * Text of a governance document → what it says, or everything that is wrong with it, each with its
 * line. Parts are read one by one, so that a mistake in one does not hide those in others.
 */
import type { z } from "zod";
import type { Instant } from "../../../domain/time.ts";
import { nearestNames } from "../../organization/index.ts";
import { checkChargeback } from "../rules/check-chargeback.ts";
import { checkGovernance, type Finding, type Located } from "../rules/check-governance.ts";
import { checkLimitPushes } from "../rules/check-limit-pushes.ts";
import { checkServiceAccounts } from "../rules/check-service-accounts.ts";
import {
  type FieldPath,
  formatFieldPath,
  type Governance,
  type GovernanceProblem,
  type GovernedAllocationRule,
  type GovernedBudget,
  type GovernedCommitment,
  type GovernedCredit,
  type GovernedDigest,
  type GovernedDiscount,
  type GovernedLimitPush,
  type GovernedMetering,
  type GovernedOrganization,
  type GovernedPolicy,
  type GovernedServiceAccount,
  type GovernedSharedCost,
  type GovernedTeam,
} from "../rules.ts";
import * as chargeback from "./chargeback-schema.ts";
import * as convert from "./convert.ts";
import { readDocument, type SourceDocument } from "./document.ts";
import { limitPushFrom, limitPushSchema } from "./limit-push-schema.ts";
import { meteringFrom, meteringSchema } from "./metering-schema.ts";
import { isMapping, namesIn, type Parts, partsOf } from "./parts.ts";
import { policySchema } from "./policy-schema.ts";
import { reconciliationSchema } from "./reconciliation-schema.ts";
import * as schema from "./schema.ts";
import { serviceAccountFrom, serviceAccountSchema } from "./service-account-schema.ts";
import { didYouMean } from "./shapes.ts";
import { teamFrom, teamSchema } from "./team-schema.ts";

export type ParsedGovernance =
  | { readonly ok: true; readonly governance: Governance }
  | { readonly ok: false; readonly problems: readonly GovernanceProblem[] };

/**
 * More than anybody corrects in one go. Finding the line and similar names takes a moment for each,
 * and a hostile text has thousands.
 */
const PROBLEMS_MAX = 100;

/** Reads YAML or JSON. Never throws, whatever the text; problems come in the order of their lines. */
export function parseGovernance(text: string): ParsedGovernance {
  const read = readDocument(text);
  if (!read.ok) return { ok: false, problems: inOrder(read.problems) };

  const { governance, problems } = readGovernance(read.document);
  const all = inOrder([...read.problems, ...problems]);
  return governance === undefined || all.length > 0
    ? { ok: false, problems: all }
    : { ok: true, governance };
}

/** The document as plain values, for an answer in JSON. Null for a text that is no document. */
export function governanceAsJson(text: string): unknown {
  const read = readDocument(text);
  return read.ok ? read.document.value : null;
}

/** A finding of the checks, or of a schema; then it may be about the key instead of the value. */
interface Issue extends Finding {
  readonly at?: "key";
}

/** Reads every part. The governance is there exactly when nothing is wrong. */
function readGovernance(document: SourceDocument): {
  readonly governance: Governance | undefined;
  readonly problems: GovernanceProblem[];
} {
  const issues: Issue[] = [];
  const read: ReadPart = (shape, { path, value }) => {
    const result = shape.safeParse(value);
    if (result.success) return [{ path, value: result.data }];
    issues.push(...result.error.issues.flatMap((issue) => issuesFrom(issue, path)));
    return [];
  };

  read(schema.documentSchema, { path: [], value: document.value });
  let governance: Governance | undefined;
  if (isMapping(document.value)) {
    const parts = partsOf(document.value);
    const readable = readParts(parts, read);
    issues.push(...checkGovernance({ ...readable, ...namesIn(parts) }));
    issues.push(...checkLimitPushes(readable));
    issues.push(...checkServiceAccounts({ ...readable, ...namesIn(parts) }));
    issues.push(...checkChargeback({ ...readable, ...namesIn(parts) }));
    if (issues.length === 0) governance = assemble(readable);
  }
  return {
    governance,
    problems: issues.slice(0, PROBLEMS_MAX).map(({ path, message, at, unknown }) => ({
      ...document.locate(path, at),
      field: formatFieldPath(path),
      message:
        unknown === undefined
          ? message
          : message + didYouMean(nearestNames(unknown.name, unknown.known)),
    })),
  };
}

/** One part if it has the shape, none if not. */
type ReadPart = <Shape extends z.ZodType>(
  shape: Shape,
  part: Located<unknown>,
) => Located<z.output<Shape>>[];

interface ReadableParts {
  readonly organization: readonly Located<GovernedOrganization>[];
  readonly teams: readonly Located<GovernedTeam>[];
  readonly allocation: readonly Located<GovernedAllocationRule>[];
  readonly budgets: readonly Located<GovernedBudget>[];
  readonly digests: readonly Located<GovernedDigest>[];
  readonly approvals: readonly Located<GovernedPolicy>[];
  readonly discounts: readonly Located<GovernedDiscount>[];
  readonly metering: readonly Located<GovernedMetering>[];
  readonly limitPushes: readonly Located<GovernedLimitPush>[];
  readonly serviceAccounts: readonly Located<GovernedServiceAccount>[];
  readonly ownershipFrom: readonly Located<Instant | undefined>[];
  readonly sharedCosts: readonly Located<GovernedSharedCost>[];
  readonly commitments: readonly Located<GovernedCommitment>[];
  readonly credits: readonly Located<GovernedCredit>[];
  readonly driftPercent: readonly Located<string | undefined>[];
}

function readParts(parts: Parts, read: ReadPart): ReadableParts {
  const readEach = <Shape extends z.ZodType, Value>(
    unread: readonly Located<unknown>[],
    shape: Shape,
    conversion: (value: z.output<Shape>, path: FieldPath) => Value,
  ): Located<Value>[] =>
    unread
      .flatMap((part) => read(shape, part))
      .map(({ path, value }) => ({ path, value: conversion(value, path) }));

  const organization = readEach([parts.organization], schema.organizationSchema, (value) =>
    convert.organizationFrom(value),
  );
  const calendar = organization[0]?.value ?? convert.DEFAULT_CALENDAR;
  return {
    organization,
    teams: readEach(parts.teams, teamSchema, (value, path) =>
      teamFrom(String(path.at(-1)), value, calendar),
    ),
    allocation: readEach(parts.allocation, schema.allocationRuleSchema, (value) =>
      convert.allocationRuleFrom(value, calendar),
    ),
    budgets: readEach(parts.budgets, schema.budgetSchema, (value) =>
      convert.budgetFrom(value, calendar),
    ),
    digests: readEach(parts.digests, schema.digestSchema, (value) =>
      convert.digestFrom(value, calendar),
    ),
    approvals: readEach(parts.approvals, policySchema, convert.policyFrom),
    discounts: readEach(parts.discounts, schema.discountSchema, (value) =>
      convert.discountFrom(value, calendar),
    ),
    metering: readEach(parts.metering, meteringSchema, meteringFrom),
    limitPushes: readEach(parts.limitPushes, limitPushSchema, limitPushFrom),
    serviceAccounts: readEach(parts.serviceAccounts, serviceAccountSchema, serviceAccountFrom),
    ownershipFrom: readEach(parts.ownershipFrom, schema.localDate, (value) =>
      convert.startOf(value, calendar),
    ),
    sharedCosts: readEach(
      parts.sharedCosts,
      chargeback.sharedCostSchema,
      chargeback.sharedCostFrom,
    ),
    commitments: readEach(
      parts.commitments,
      chargeback.commitmentSchema,
      chargeback.commitmentFrom,
    ),
    credits: readEach(parts.credits, chargeback.creditSchema, chargeback.creditFrom),
    driftPercent: readEach(
      parts.reconciliation,
      reconciliationSchema,
      ({ drift_percent: driftPercent }) => driftPercent,
    ),
  };
}

function assemble(readable: ReadableParts): Governance | undefined {
  const organization = readable.organization[0]?.value;
  if (organization === undefined) return undefined;
  const from = readable.ownershipFrom[0]?.value;
  const driftPercent = readable.driftPercent[0]?.value;
  return {
    ...(from === undefined ? {} : { ownershipFrom: from }),
    ...(driftPercent === undefined ? {} : { driftPercent }),
    organization,
    teams: readable.teams.map(({ value }) => value),
    allocation: readable.allocation.map(({ value }) => value),
    budgets: readable.budgets.map(({ value }) => value),
    digests: readable.digests.map(({ value }) => value),
    approvals: readable.approvals.map(({ value }) => value),
    discounts: readable.discounts.map(({ value }) => value),
    metering: readable.metering.map(({ value }) => value),
    limitPushes: readable.limitPushes.map(({ value }) => value),
    serviceAccounts: readable.serviceAccounts.map(({ value }) => value),
    sharedCosts: readable.sharedCosts.map(({ value }) => value),
    commitments: readable.commitments.map(({ value }) => value),
    credits: readable.credits.map(({ value }) => value),
  };
}

/** An unknown key is a problem of its own, at the key; everything else is where its value is. */
function issuesFrom(issue: z.core.$ZodIssue, partPath: FieldPath): Issue[] {
  const path = [
    ...partPath,
    ...issue.path.map((step) => (typeof step === "number" ? step : String(step))),
  ];
  if (issue.code === "unrecognized_keys") {
    const messages = issue.message.split("\n");
    return issue.keys.map((name, index) => ({
      path: [...path, name],
      message: messages[index] ?? issue.message,
      at: "key",
    }));
  }
  if (issue.code === "invalid_key") {
    return issue.issues.map(({ message }) => ({ path, message, at: "key" }));
  }
  return [{ path, message: issue.message }];
}

/** One problem a place and field: what the text itself gets wrong comes before what it should be. */
function inOrder(problems: readonly GovernanceProblem[]): GovernanceProblem[] {
  const byPlace = new Map<string, GovernanceProblem>();
  for (const problem of problems) {
    const place = `${String(problem.line)}:${String(problem.column)} ${problem.field}`;
    if (!byPlace.has(place)) byPlace.set(place, problem);
  }
  return [...byPlace.values()]
    .toSorted((left, right) => left.line - right.line || left.column - right.column)
    .slice(0, PROBLEMS_MAX);
}
