import type { Socket } from 'node:net'
import type { BodySource } from '../../core/upstream-client.ts'

/** A request's body on its way. */
export interface BodyWriter {
  /** Whether all of it was written, as long as it said it would be. */
  readonly isDone: () => boolean
  /** The socket takes more again. */
  readonly resume: () => void
  /** Nothing more is to be written. */
  readonly stop: () => void
}

/** Writes a body behind its head: as it is where its length was announced, in chunks otherwise (RFC 9112 section 7.1). */
export function writeBody(
  socket: Socket,
  { length, flow }: BodySource,
  fail: (error: Error) => void,
  wrote: () => void,
): BodyWriter {
  let bytes = 0
  let state: 'writing' | 'done' | 'stopped' = 'writing'

  function giveUp(error: Error): void {
    if (state !== 'writing') return
    state = 'stopped'
    fail(error)
  }

  const resume = flow({
    write(piece) {
      if (state !== 'writing' || piece.length === 0) return true
      wrote()
      bytes += piece.length
      if (length === undefined) {
        socket.cork()
        socket.write(`${piece.length.toString(16)}\r\n`, 'latin1')
        socket.write(piece)
        const takesMore = socket.write('\r\n', 'latin1')
        socket.uncork()
        return takesMore
      }
      if (bytes > length) giveUp(new Error('the body is longer than it said'))
      return bytes > length || socket.write(piece)
    },
    end() {
      if (state !== 'writing') return
      if (length !== undefined && bytes !== length) return giveUp(new Error('the body is shorter than it said'))
      state = 'done'
      wrote()
      if (length === undefined) socket.write('0\r\n\r\n', 'latin1')
    },
    fail: giveUp,
  })

  return {
    isDone: () => state === 'done',
    resume,
    stop() {
      if (state === 'writing') state = 'stopped'
    },
  }
}
