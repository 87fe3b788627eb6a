import type { RawHeaders } from './headers.ts'
import { rememberedText } from './remembered.ts'

declare const checked: unique symbol
/** The beginning of a field line that may be sent: its name, in lower case. */
export type FieldStart = string & { readonly [checked]: 'start' }
/** Field lines that may be sent, each with its end: no text in them can be read as anything but a header's value. */
export type FieldLines = string & { readonly [checked]: 'lines' }

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/
/** How a body is framed, and what is for one connection only, is said where the message is sent. */
const saidThere = new Set(['content-length', 'transfer-encoding', 'connection', 'upgrade', 'expect', 'te', 'trailer'])
const maxNames = 500

/** How the line of a header begins (RFC 9112 section 5). Throws RangeError for what is no name, and what is said elsewhere. */
export function fieldStart(name: string): FieldStart {
  const lower = name.toLowerCase()
  if (!token.test(name)) throw new RangeError('a header name that is none')
  if (saidThere.has(lower)) throw new RangeError(`${name} is not the caller's to say`)
  return `${lower}: ` as FieldStart
}

/** `lines` and one more. Throws RangeError for a value that would break it (RFC 9110 section 5.5). */
export function withLine(lines: FieldLines, start: FieldStart, value: string): FieldLines {
  if (!fieldValue.test(value)) throw new RangeError(`a value that cannot stand in the header ${start}`)
  return `${lines}${start}${value}\r\n` as FieldLines
}

/** These lines and those. */
export function joined(lines: FieldLines, more: FieldLines): FieldLines {
  return (lines + more) as FieldLines
}

const startOf = rememberedText(maxNames, fieldStart)

/** The lines of these headers, pairs of name and value. Throws RangeError. */
export function fieldLines(pairs: RawHeaders): FieldLines {
  let lines = '' as FieldLines
  for (let i = 0; i + 1 < pairs.length; i += 2) lines = withLine(lines, startOf(pairs[i] ?? ''), pairs[i + 1] ?? '')
  return lines
}
