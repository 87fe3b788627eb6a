import type { ServerResponse } from 'node:http'
import { createEventStream } from '../core/event-stream.ts'

/** The comments in an event stream that is going out. */
export interface KeepAlive {
  /** A piece of the stream was sent. */
  readonly passed: (chunk: Uint8Array) => void
  readonly stop: () => void
}

/**
 * Sends comments to a client that hears nothing of an event stream, one or two `everyMs` milliseconds after the last
 * piece. One that does not take what was sent already gets none.
 */
export function keepAlive(raw: ServerResponse, everyMs: number): KeepAlive {
  const stream = createEventStream()
  const timer = setInterval(() => {
    const comment = stream.due()
    if (comment !== undefined && !raw.writableNeedDrain) raw.write(comment)
  }, everyMs)
  timer.unref()
  return { passed: stream.passed, stop: () => clearInterval(timer) }
}
