import type { Readable, Writable } from 'node:stream'
import { styleText } from 'node:util'
import { type CANCEL_SYMBOL, confirm, isCancel, text } from '@clack/prompts'
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

/** Asks people on a terminal. All calls throw Cancelled. */
export interface Interview {
  /** An answer without complaints. */
  readonly ask: (question: Question, help: Help) => Promise<string>
  readonly confirm: (question: Question) => Promise<boolean>
}

export function createInterview({ input, output }: Terminal): Interview {
  return {
    async ask({ message, why, example }, { suggestion, prefill, complaint }) {
      const answer = await text({
        // The library draws its guide beside the first line only.
        message: `${message}\n${styleText('gray', '│')}  ${why}`,
        input,
        output,
        validate: (value) => complaint(value?.trim() || (suggestion ?? '')),
        placeholder: suggestion ?? `for example ${example}`,
        ...(suggestion !== undefined && { defaultValue: suggestion }),
        ...(prefill !== undefined && { initialValue: prefill }),
      })
      return answered(answer).trim()
    },
    async confirm({ message, why }) {
      return answered(await confirm({ message: `${message}\n${why}`, input, output }))
    },
  }
}

function answered<Answer>(answer: Answer | typeof CANCEL_SYMBOL): Answer {
  if (isCancel(answer)) throw new Cancelled('Nothing was written.')
  return answer
}
