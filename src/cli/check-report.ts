import { styleText } from 'node:util'
import { formatProblem, type Problem } from '../config/problem.ts'
import type { Finding, FindingStatus } from '../core/finding.ts'

const marks: Readonly<Record<FindingStatus, string>> = { ok: '✓', problem: '✗', warning: '!', unknown: '?' }
const colours = { ok: 'green', problem: 'red', warning: 'yellow', unknown: 'cyan' } as const

/** What `check` found, for people. Coloured only where the terminal takes it and NO_COLOR is not set. */
export function report(
  file: string,
  problems: readonly Problem[],
  warnings: readonly Problem[],
  findings: readonly Finding[],
): string {
  const config = [
    ...warnings.map((warning) => `${formatProblem(warning)} (warning)`),
    ...problems.map(formatProblem),
    ...(problems.length === 0 ? [`${file}: no problems`] : []),
  ]
  const bySubject = Map.groupBy(findings, ({ subject }) => subject)
  const groups = [...bySubject].map(([subject, group]) =>
    ['', styleText('bold', subject), ...group.flatMap(linesOf)].join('\n'),
  )
  return [...config, ...groups, ...summary(findings)].join('\n')
}

/** What is right is one line; the rest says what to do, and where. */
function linesOf({ status, question, answer, remedy, paste, where, docs }: Finding): readonly string[] {
  const mark = styleText(colours[status], marks[status])
  if (status === 'ok') return [`  ${mark} ${question} ${styleText('dim', answer)}`]
  return [
    `  ${mark} ${question}`,
    `      ${answer}`,
    ...(remedy === undefined ? [] : [`      ${styleText('bold', 'To do:')} ${remedy}`]),
    ...(paste === undefined ? [] : [`          ${paste}`]),
    ...(where === undefined ? [] : [`      ${styleText('bold', 'Where:')} ${where}`]),
    ...(docs === undefined ? [] : [`      ${styleText('bold', 'More:')} ${docs}`]),
  ]
}

function summary(findings: readonly Finding[]): readonly string[] {
  if (findings.length === 0) return []
  const count = (status: FindingStatus) => findings.filter((finding) => finding.status === status).length
  const counts = [
    `${count('ok')} right`,
    ...(['problem', 'warning'] as const).flatMap((status) => {
      const number = count(status)
      return number === 0 ? [] : `${number} ${status}${number === 1 ? '' : 's'}`
    }),
    ...(count('unknown') === 0 ? [] : [`${count('unknown')} could not be told`]),
  ]
  const isProviderWrong = findings.some(
    ({ subject, status }) => status === 'problem' && subject.startsWith('provider '),
  )
  const late = isProviderWrong ? ['A change at the provider may take two minutes to show.'] : []
  return ['', `${counts.join(', ')}.`, ...late]
}
