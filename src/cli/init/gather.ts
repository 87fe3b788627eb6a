import { UsageError } from '../run.ts'
import type { Draft } from './draft.ts'
import type { Interview } from './interview.ts'
import { type Answers, isNeeded, type Question } from './question.ts'

/** The answers that options give. One text may answer several questions; an option of its own wins. */
export function given(questions: readonly Question[], options: Readonly<Record<string, unknown>>): Answers {
  const texts = questions.flatMap((question) => {
    const text = options[question.name]
    return typeof text === 'string' ? [{ name: question.name, found: read(question, text) }] : []
  })
  const own = texts.flatMap(({ name, found }) => (found[name] === undefined ? [] : [[name, found[name]] as const]))
  return { ...Object.assign({}, ...texts.map(({ found }) => found)), ...Object.fromEntries(own) }
}

/** Completes the answers without asking. Throws UsageError with everything that is missing or wrong. */
export async function complete(draft: Draft, questions: readonly Question[], answers: Answers): Promise<Answers> {
  const completed: Record<string, string> = { ...answers }
  const missing: string[] = []
  for (const question of questions) {
    const { name, why } = question
    if (name in completed || !isNeeded(question, completed)) continue
    const suggestion = await question.suggest?.(completed)
    if (suggestion === undefined) missing.push(`--${name} is missing. ${why}`)
    else completed[name] = suggestion
  }
  const sentences = [...missing, ...(await wrong(draft, questions, completed))]
  if (sentences.length > 0) throw new UsageError(sentences.join('\n'))
  return completed
}

/** Completes the answers by asking. Throws UsageError for given ones that are wrong, and Cancelled. */
export async function ask(
  draft: Draft,
  questions: readonly Question[],
  answers: Answers,
  interview: Interview,
): Promise<Answers> {
  const sentences = await wrong(draft, questions, answers)
  if (sentences.length > 0) throw new UsageError(sentences.join('\n'))

  let completed = answers
  for (const question of questions) {
    const { name, asked } = question
    const suggest = async () => question.suggest?.(completed)
    if (asked === 'whether' && !(name in completed) && (await interview.confirm(question))) {
      completed = { ...completed, [name]: (await suggest()) ?? '' }
    }
    // A text that answers other questions only, such as a pool's id for its domain, leads to the next try.
    while (isNeeded(question, completed) && !(name in completed)) {
      const text = await interview.ask(question, {
        suggestion: await suggest(),
        prefill: question.prefill?.(completed),
        complaint: async (text) => complaintAbout(draft, question, text, completed),
      })
      completed = { ...read(question, text), ...completed }
    }
  }
  return completed
}

async function complaintAbout(draft: Draft, question: Question, text: string, answers: Answers) {
  const found = read(question, text)
  if (question.name in found) return draft.complaint(question, { ...found, ...answers })
  const learned = Object.keys(found).some((name) => !(name in answers))
  return learned ? undefined : 'does not tell this; see above where to find it'
}

async function wrong(draft: Draft, questions: readonly Question[], answers: Answers): Promise<readonly string[]> {
  const sentences: string[] = []
  for (const question of questions) {
    if (!(question.name in answers)) continue
    const complaint = await draft.complaint(question, answers)
    if (complaint !== undefined) sentences.push(`--${question.name} ${complaint}`)
  }
  return sentences
}

function read({ name, read: readText }: Question, text: string): Answers {
  return readText?.(text) ?? { [name]: text }
}
