import { rememberedText } from '../../core/remembered.ts'

/** The head of an answer: what it says, and what that means for what follows. */
export interface AnswerHead {
  readonly status: number
  /** Names in lower case, and values, as they came. */
  readonly headers: string[]
  /** Bytes of the body; `chunked`; or, without an end of its own, until the connection ends. */
  readonly body: number | 'chunked' | 'until_close'
  /** Whether the upstream keeps the connection after this answer, and for how long, if it says so. Milliseconds. */
  readonly keeps: boolean
  readonly keepsMs: number | undefined
}

/** Why an answer is not passed on: it could be read in two ways, or is no HTTP at all. */
export class AnswerFault extends Error {}

const fieldLines = "(?:[!#$%&'*+\\-.^_`|~0-9A-Za-z]+:[\\t\\x20-\\x7e\\x80-\\xff]*\\r\\n)*"
/** RFC 9112 sections 4 and 5, without folded lines; a missing reason needs no space before it, as many leave it out. */
const wellFormed = new RegExp(`^HTTP/1\\.[01] [1-9][0-9]{2}(?: [\\t\\x20-\\x7e\\x80-\\xff]*)?\\r\\n${fieldLines}$`)
const wellFormedFields = new RegExp(`^${fieldLines}$`)

const maxNames = 500
const lowerCased = rememberedText(maxNames, (name) => name.toLowerCase())

/**
 * Reads the head of an answer to `method`: all of it but the empty line at its end (RFC 9112 sections 4 to 6).
 * Throws AnswerFault.
 */
export function readAnswerHead(text: string, method: string): AnswerHead {
  if (!wellFormed.test(text)) throw new AnswerFault('the head of the answer is not HTTP/1.1')
  const status = Number(text.slice(9, 12))
  const headers = fieldsFrom(text, text.indexOf('\r\n') + 2)
  const isOld = text.charCodeAt(7) === zero

  let length: string | undefined
  let coding: string | undefined
  let connection: string | undefined
  let keepsMs: number | undefined
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]
    const value = headers[i + 1] ?? ''
    if (name === 'content-length') length = once(length, value)
    else if (name === 'transfer-encoding') coding = once(coding, value)
    else if (name === 'connection') connection = connection === undefined ? value : `${connection},${value}`
    else if (name === 'keep-alive') keepsMs = timeoutIn(value)
  }

  if (length !== undefined && !/^[0-9]{1,15}$/.test(length)) throw new AnswerFault('its length is no number')
  if (coding !== undefined) {
    // Of an HTTP/1.0 server nobody knows whether it meant what it says (RFC 9112 section 6.1).
    if (length !== undefined || isOld) throw new AnswerFault('its length is said in two ways')
    if (coding.toLowerCase() !== 'chunked') throw new AnswerFault('it is coded in a way that is not known')
  }
  const isBare = method === 'HEAD' || status < 200 || status === 204 || status === 304
  const body = isBare ? 0 : coding !== undefined ? 'chunked' : length !== undefined ? Number(length) : 'until_close'
  return { status, headers, body, keeps: !isOld && body !== 'until_close' && !saysClose(connection), keepsMs }
}

/** Trailer fields (RFC 9112 section 7.1.2), each line with its end. Throws AnswerFault. */
export function readTrailers(text: string): string[] {
  if (!wellFormedFields.test(text)) throw new AnswerFault('its trailers are not well formed')
  return fieldsFrom(text, 0)
}

const [zero, tab, space] = [0x30, 0x09, 0x20]

/** The fields of lines that are known to be well formed. */
function fieldsFrom(text: string, start: number): string[] {
  const fields: string[] = []
  for (let at = start; at < text.length; ) {
    const colon = text.indexOf(':', at)
    const end = text.indexOf('\r\n', colon)
    let from = colon + 1
    let to = end
    // Optional whitespace is these two; trim() would take more.
    while (from < to && isBlank(text.charCodeAt(from))) from++
    while (to > from && isBlank(text.charCodeAt(to - 1))) to--
    fields.push(lowerCased(text.slice(at, colon)), text.slice(from, to))
    at = end + 2
  }
  return fields
}

function isBlank(code: number): boolean {
  return code === space || code === tab
}

/** Two of these would be read differently by different recipients, even when they are alike. */
function once(before: string | undefined, value: string): string {
  if (before !== undefined) throw new AnswerFault('its length is said twice')
  return value
}

function saysClose(connection: string | undefined): boolean {
  if (connection === undefined || connection === 'keep-alive') return false
  return connection.split(',').some((option) => option.trim().toLowerCase() === 'close')
}

function timeoutIn(keepAlive: string): number | undefined {
  const seconds = /(?:^|[,;\s])timeout=([0-9]{1,6})/i.exec(keepAlive)?.[1]
  return seconds === undefined ? undefined : Number(seconds) * 1000
}
