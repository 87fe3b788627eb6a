/**
 * `ok`: asked, and right. `problem`: asked, and must be changed. `warning`: it works, and is likely not meant.
 * `unknown`: no answer that proves anything, so nothing is said to be wrong.
 */
export type FindingStatus = 'ok' | 'problem' | 'warning' | 'unknown'

/** What one question brought to light. No secret is ever in it. */
export interface Finding {
  /** What was asked about, as `provider cognito`, `store` or `route reports`. */
  readonly subject: string
  readonly question: string
  readonly status: FindingStatus
  /** What came back, and what that means. */
  readonly answer: string
  /** What to change. */
  readonly remedy?: string
  /** The exact text to paste there. */
  readonly paste?: string
  /** The place in the console to change it at. */
  readonly where?: string
  /** The document that explains it. */
  readonly docs?: string
}

/** A finding as a sentence that stands alone: an answer as "No: …" needs its question. */
export function causeIn({ status, question, answer }: Finding): string {
  return status === 'problem' ? `${question} ${answer}` : answer
}

/** What a finding may have beyond its answer. */
type Help = Pick<Finding, 'remedy' | 'paste' | 'where' | 'docs'>
type Find = (question: string, answer: string, help?: Help) => Finding

/** Explains every finding; some have a document of their own. */
const allFindings = 'docs/check.md'

/** One function per status, for findings about one subject. */
export function findingsAbout(subject: string): Readonly<Record<FindingStatus, Find>> {
  const find =
    (status: FindingStatus): Find =>
    (question, answer, help) => ({ subject, question, status, answer, ...help })
  const problem: Find = (question, answer, help) => find('problem')(question, answer, { docs: allFindings, ...help })
  return { ok: find('ok'), problem, warning: find('warning'), unknown: find('unknown') }
}
