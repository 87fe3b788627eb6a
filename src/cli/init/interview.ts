import type { Readable, Writable } from 'node:stream'
import type { Question } from './question.ts'

/** Where questions are asked: the two ends of a terminal. */
export interface Terminal {
  readonly input: Readable & { readonly isTTY?: boolean }
  readonly output: Writable & { readonly isTTY?: boolean }
}

/** The user gave up, with Ctrl+C or Escape. */
export class Cancelled extends Error {}

/** What helps to answer a question. */
interface Help {
  readonly suggestion: string | undefined
  readonly prefill: string | undefined
  readonly complaint: (answer: string) => Promise<string | undefined>
}

interface Choice {
  readonly value: string
  readonly label: string
}

/** Asks people on a terminal. All calls throw Cancelled. */
export interface Interview {
  /** An answer without complaints. */
  readonly ask: (question: Question, help: Help) => Promise<string>
  readonly confirm: (question: Question) => Promise<boolean>
  /** The value of one choice; the first is the suggestion. */
  readonly choose: (message: string, choices: readonly Choice[]) => Promise<string>
}
