import { UnreadableRecord } from '../../core/errors.ts'
import { formats } from '../../core/formats.ts'
import type { RecordState, StoredRecord } from '../../core/ports.ts'

// A record's value is a line of ASCII, `FORMAT STATE VERSION MARK REASON`, and then its sealed body as it is.
const header = new RegExp(`^${formats.record} ([a-z]+) (\\d+) (\\S*) (\\S*)$`)

/**
 * Reads what the scripts wrote. Throws UnreadableRecord for anything else: a newer release may have written it, so it
 * is neither used nor removed.
 */
export function readRecord(value: Buffer): StoredRecord {
  const lineEnd = value.indexOf('\n')
  const [, state, version, mark = '', reason = ''] =
    header.exec(value.toString('latin1', 0, Math.max(0, lineEnd))) ?? []
  if (!isState(state)) throw new UnreadableRecord('Redis: a record has a format unknown here')
  return {
    state,
    version: Number(version),
    mark: decodeURIComponent(mark),
    reason: decodeURIComponent(reason),
    body: value.subarray(lineEnd + 1),
  }
}

/** A mark or reason as one word of the header line. */
export function headerWord(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}

function isState(word: string | undefined): word is RecordState {
  return word === 'live' || word === 'refused' || word === 'ended'
}
