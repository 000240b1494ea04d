/** How far the consent to a request has come: which step waits, for how many, who agreed. Pure. */
import type { Email } from "../../../domain/email.ts";
import type { ApprovalPolicy } from "./policy.ts";

/** A voice, as far as progress goes. */
interface Voice {
  readonly approver: Email;
  /** From 0. */
  readonly steps: readonly number[];
}

export interface StepProgress<V extends Voice = Voice> {
  readonly quorum: number;
  readonly voices: readonly V[];
  readonly isDone: boolean;
}

export interface Progress<V extends Voice = Voice> {
  readonly steps: readonly StepProgress<V>[];
  /** The first step that is not done, from 0; the last one when all are. */
  readonly current: number;
  readonly isComplete: boolean;
  /** Steps in which a voice is wanted now; of a chain that one person alone has filled, all. */
  readonly open: readonly number[];
}

/**
 * A voice counts in each step that it has; steps are done in order. A chain of several steps is
 * complete only with two different people (ADR 0021), since whoever stands in all of its steps
 * would otherwise be a chain of one.
 */
export function progressOf<V extends Voice>(
  policy: Pick<ApprovalPolicy, "steps">,
  votes: readonly V[],
): Progress<V> {
  const steps = policy.steps.map(({ quorum }, index): StepProgress<V> => {
    const voices = votes.filter((vote) => vote.steps.includes(index));
    return { quorum, voices, isDone: voices.length >= quorum };
  });
  const open = steps.findIndex(({ isDone }) => !isDone);
  const people = new Set(votes.map(({ approver }) => approver)).size;
  const needsSecondPerson = open === -1 && steps.length > 1 && people < 2;
  const openSteps = (): readonly number[] => {
    if (needsSecondPerson) return steps.map((_, index) => index);
    return open === -1 ? [] : [open];
  };
  return {
    steps,
    current: open === -1 ? steps.length - 1 : open,
    isComplete: open === -1 && !needsSecondPerson,
    open: openSteps(),
  };
}
