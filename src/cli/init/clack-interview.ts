import { styleText } from 'node:util'
import { type CANCEL_SYMBOL, confirm, isCancel, select, text } from '@clack/prompts'
import { Cancelled, type Interview, type Terminal } from './interview.ts'
import type { Question } from './question.ts'

/** An interview by `@clack/prompts`. */
export function createInterview({ input, output }: Terminal): Interview {
  // The library draws its guide beside the first line only.
  const explained = ({ message, why }: Question) => `${message}\n${styleText('gray', '│')}  ${why}`

  return {
    async ask(question, { suggestion, prefill, complaint }) {
      const answer = await text({
        message: explained(question),
        input,
        output,
        validate: (value) => complaint(value?.trim() || (suggestion ?? '')),
        placeholder: suggestion ?? `for example ${question.example}`,
        ...(suggestion !== undefined && { defaultValue: suggestion }),
        ...(prefill !== undefined && { initialValue: prefill }),
      })
      return answered(answer).trim()
    },
    async confirm({ message, why }) {
      return answered(await confirm({ message: `${message}\n${why}`, input, output }))
    },
    async choose(message, choices) {
      return answered(await select({ message, options: [...choices], input, output }))
    },
  }
}

function answered<Answer>(answer: Answer | typeof CANCEL_SYMBOL): Answer {
  if (isCancel(answer)) throw new Cancelled('Nothing was written.')
  return answer
}
