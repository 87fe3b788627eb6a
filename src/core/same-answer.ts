import type { Clock } from './ports.ts'

const keptMs = 60_000
const maxKept = 1_000

/**
 * Gives whoever asks the same again, while the answer is being made or within a minute, that one answer: a browser that
 * hung up did not hear it. What failed is not kept.
 */
export function createSameAnswer<Answer>(now: Clock) {
  /** The oldest first. */
  const kept = new Map<string, { readonly answer: Promise<Answer>; readonly at: number }>()

  function forget(): void {
    for (const [question, { at }] of kept) {
      if (kept.size < maxKept && at + keptMs > now()) return
      kept.delete(question)
    }
  }

  return function sameAnswer(question: string, answerTo: () => Promise<Answer>): Promise<Answer> {
    const known = kept.get(question)
    if (known !== undefined && known.at + keptMs > now()) return known.answer
    forget()
    const answer = answerTo()
    kept.set(question, { answer, at: now() })
    answer.catch(() => kept.delete(question))
    return answer
  }
}
