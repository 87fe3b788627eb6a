import type { Subject } from '../subjects/subject.ts'

/** A row of the main table, ready to be measured. */
export interface Row {
  readonly id: string
  readonly title: string
  readonly subject: Subject
  readonly path: string
  readonly cookie?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
  /** Sent by POST. */
  readonly body?: string
  readonly cookieFile?: string | undefined
  /** Where subject and load run, if not each on its own core. */
  readonly on?: string
  /** Throws unless the upstream sees what it should of this row's requests. */
  readonly check: () => Promise<void>
}

/** A row that cannot be measured here, and why. */
export interface LeftOut {
  readonly id: string
  readonly title: string
  readonly because: string
}

export function isLeftOut(row: Row | LeftOut): row is LeftOut {
  return 'because' in row
}
