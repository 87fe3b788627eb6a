import { headerText, type RawHeaders } from './headers.ts'

const comment = ': keep-alive\n\n'

/** Whether an answer is an event stream that comments may be put into. */
export function isOpenEventStream(status: number, headers: RawHeaders): boolean {
  if (status !== 200 || !/^text\/event-stream\s*(?:;|$)/i.test(headerText(headers, 'content-type') ?? '')) return false
  return headerText(headers, 'content-encoding') === undefined && headerText(headers, 'content-length') === undefined
}

/**
 * Follows an event stream (HTML standard, Server-sent events), to say when its client should hear something: what stands
 * between the two cuts connections on which nothing moves, often after a minute.
 */
export function createEventStream() {
  /** The last three bytes; no event is open before the first one. */
  let tail = '\n\n'
  let isSilent = false

  return {
    /** A piece of it went to the client. */
    passed(chunk: Uint8Array): void {
      isSilent = false
      tail = (tail + String.fromCharCode(...chunk.subarray(-3))).slice(-3)
    },

    /** Asked every so often: a comment for the client, when nothing has passed since the last time and no event is open. */
    due(): string | undefined {
      const wasSilent = isSilent
      isSilent = true
      return wasSilent && isBetweenEvents(tail) ? comment : undefined
    },
  }
}

/** After a blank line. One that ends in CR alone may go on with LF; nobody writes that. */
function isBetweenEvents(tail: string): boolean {
  return /\n\n$|[\r\n]\r\n$/.test(tail)
}
