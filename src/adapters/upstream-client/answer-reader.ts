import type { RawHeaders } from '../../core/headers.ts'
import { AnswerFault, type AnswerHead, readAnswerHead } from './answer-head.ts'
import { type ChunkedBody, createChunkedBody } from './chunked-body.ts'

/** What is read of one connection. Header names in lower case. */
interface AnswerEvents {
  readonly informed: (status: number, headers: RawHeaders) => void
  readonly began: (status: number, headers: RawHeaders) => void
  readonly received: (piece: Buffer) => void
  /** The answer is whole. `keepsMs`: how long the upstream keeps the connection, if it does and says so. */
  readonly ended: (trailers: RawHeaders, keeps: boolean, keepsMs: number | undefined) => void
  /** What comes from here on is no HTTP; the bytes are the first of it. */
  readonly switched: (headers: RawHeaders, rest: Buffer) => void
}

const maxHead = 64 * 1024
const none: readonly string[] = []

/**
 * Reads the answers of one connection, one for each `expect`, in whatever pieces they come. What it throws is AnswerFault,
 * after which nothing on the connection can be trusted.
 */
export function createAnswerReader({ informed, began, received, ended, switched }: AnswerEvents) {
  /** Of the request that is being answered. */
  let method: string | undefined
  let maySwitch = false
  /** The beginning of a head that has not come whole. */
  let pending: Buffer | undefined
  let head: AnswerHead | undefined
  /** Of a body that is not chunked, what is still to come. */
  let left = 0
  let chunked: ChunkedBody | undefined

  /** Gives where the head ended, or `undefined` when more of it is to come. */
  function readHead(bytes: Buffer, at: number, method: string): number | undefined {
    const end = bytes.indexOf('\r\n\r\n', at, 'latin1')
    if (end < 0 ? bytes.length - at > maxHead : end - at > maxHead) throw new AnswerFault('its head is too long')
    if (end < 0) {
      // Copied: the bytes are overwritten by what is read next.
      pending = Buffer.from(bytes.subarray(at))
      return undefined
    }
    head = readAnswerHead(bytes.toString('latin1', at, end + 2), method)
    return end + 4
  }

  /** Informational answers come before the answer, and have nothing but a head. */
  function inform({ status, headers }: AnswerHead, rest: Buffer): boolean {
    head = undefined
    if (status !== 101) {
      informed(status, headers)
      return false
    }
    if (!maySwitch) throw new AnswerFault('it switches protocols unasked')
    method = undefined
    switched(headers, rest)
    return true
  }

  function begin({ status, headers, body }: AnswerHead): void {
    chunked = body === 'chunked' ? createChunkedBody() : undefined
    left = typeof body === 'number' ? body : Number.POSITIVE_INFINITY
    began(status, headers)
  }

  /** Gives where it stopped. */
  function readBody(bytes: Buffer, at: number): number {
    if (chunked !== undefined) return chunked.read(bytes, at, received)
    const end = Math.min(bytes.length, at + left)
    if (end > at) received(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end))
    left -= end - at
    return end
  }

  function end(trailers: RawHeaders, keeps: boolean): void {
    const keepsMs = head?.keepsMs
    method = undefined
    head = undefined
    ended(trailers, keeps, keepsMs)
  }

  return {
    /** The next answer is to this method. */
    expect(asked: string, upgrade: boolean): void {
      method = asked
      maySwitch = upgrade
    },

    /** Whether something of the answer has come. */
    hasBegun: () => head !== undefined || pending !== undefined,

    /** Reads what came. */
    read(came: Buffer): void {
      if (method === undefined) throw new AnswerFault('an answer that nobody asked for')
      const bytes = pending === undefined ? came : Buffer.concat([pending, came])
      pending = undefined
      let at = 0
      while (head === undefined) {
        const after = readHead(bytes, at, method)
        if (after === undefined || head === undefined) return
        at = after
        const { status } = head as AnswerHead
        if (status >= 200) begin(head)
        else if (inform(head, bytes.subarray(at))) return
      }
      at = readBody(bytes, at)
      if (chunked === undefined ? left > 0 : !chunked.isOver()) return
      // Whatever follows belongs to nobody.
      end(chunked?.trailers() ?? none, head.keeps && at === bytes.length)
    },

    /** The upstream has closed the connection. */
    close(): void {
      if (method === undefined) return
      if (head?.body !== 'until_close') throw new AnswerFault('the connection ended before the answer')
      end(none, false)
    },
  }
}
