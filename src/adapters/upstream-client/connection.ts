import type { Socket } from 'node:net'
import { atEndOfTurn } from '../../core/end-of-turn.ts'
import { GatewayError } from '../../core/errors.ts'
import type { AnswerListener, UpstreamRequest } from '../../core/upstream-client.ts'
import { createAnswerReader } from './answer-reader.ts'
import { type BodyWriter, writeBody } from './body-writer.ts'
import type { SocketOpener } from './open-socket.ts'
import { requestHead } from './request-head.ts'

/** One connection to an upstream: one request at a time. */
export interface Connection {
  /** Sends a request. Only while there is none. When it fails, `isTakenOver` is asked first whether the listener need hear of it. */
  readonly send: (request: UpstreamRequest, listener: AnswerListener, isTakenOver: (error: unknown) => boolean) => void
  /** More of the answer to this request is wanted. Nothing, when it is over. */
  readonly resume: (request: UpstreamRequest) => void
  /** Gives this request up, unless it is over. */
  readonly abort: (request: UpstreamRequest) => void
  /** So many more milliseconds have passed. Ends what has taken too long. */
  readonly tick: (passedMs: number) => void
  readonly close: () => void
}

/** How long each step may take. Milliseconds. */
export interface Patience {
  readonly connect: number
  readonly response: number
  readonly idle: number
  /** As `idle`, for an answer that listens. */
  readonly listening: number
  /** How long a connection is kept that the upstream keeps for so many milliseconds, if it says for how many. */
  readonly rest: (keepsMs: number | undefined) => number
}

interface Owner {
  /** It may be used again. */
  readonly rests: (connection: Connection) => void
  readonly gone: (connection: Connection) => void
}

/** The connection ended before anything of an answer came. */
export class UnansweredError extends Error {}

/** The connection was no good any more when the request was to be written: nothing of it was. */
export class UnsentError extends Error {}

/**
 * `queued`: the request is written at the end of this turn of the event loop. What comes before that is no answer to it.
 * `paused`: the listener wants no more for now.
 */
type Step = 'connecting' | 'resting' | 'queued' | 'waiting' | 'receiving' | 'paused' | 'over'

const receivingBytes = 64 * 1024
/**
 * What is received is used, or copied, before the next read, so that one piece of memory serves all connections: libuv
 * reads into it and hands it over in one go. On Windows it is given away before anything has come.
 */
const shared = process.platform === 'win32' ? undefined : Buffer.allocUnsafeSlow(receivingBytes)

/** Opens a connection, for one WebSocket or for any number of requests. */
export function openConnection(
  { open, ready }: SocketOpener,
  patience: Patience,
  owner: Owner,
  upgrade: boolean,
): Connection {
  let step: Step = 'connecting'
  let waitedMs = 0
  let restFor = 0
  let request: UpstreamRequest | undefined
  let listener: AnswerListener | undefined
  let takenOver: ((error: unknown) => boolean) | undefined
  let body: BodyWriter | undefined
  let trouble: unknown

  const reader = createAnswerReader({
    informed(status, headers) {
      waitedMs = 0
      listener?.informed(status, headers)
    },
    began(status, headers) {
      step = 'receiving'
      waitedMs = 0
      listener?.began(status, headers)
    },
    received: (piece) => listener?.received(piece),
    ended(trailers, keeps, keepsMs) {
      if (step === 'over') return
      const hearer = listener
      // What is left of a request that the answer did not wait for would be taken for the next one.
      const isWhole = body === undefined || body.isDone()
      forget()
      restFor = patience.rest(keepsMs)
      if (keeps && isWhole && !upgrade && restFor > 0) {
        step = 'resting'
        owner.rests(connection)
      } else close()
      hearer?.ended(trailers)
    },
    switched(headers, rest) {
      const hearer = listener
      forget()
      step = 'over'
      owner.gone(connection)
      socket.off('data', onData).pause()
      if (rest.length > 0) socket.unshift(rest)
      hearer?.switched(socket, headers)
    },
  })

  /** Gives whether more is wanted. Of what TLS has deciphered already, more may come all the same. */
  function read(bytes: Buffer): boolean {
    // A head has to come whole in its time.
    if (step !== 'waiting') waitedMs = 0
    try {
      reader.read(bytes)
    } catch (error) {
      fail(step === 'queued' ? new UnsentError('an answer to nothing', { cause: error }) : error)
    }
    if (step === 'receiving' && listener?.waiting() === false) step = 'paused'
    else if (step === 'paused') listener?.waiting()
    return step !== 'paused'
  }

  function onData(bytes: Buffer): void {
    if (!read(bytes)) socket.pause()
  }

  // Without the stream that Node makes of what is received a read costs half; a WebSocket is to be one.
  const socket: Socket = upgrade
    ? open().on('data', onData)
    : open({
        buffer: shared ?? Buffer.allocUnsafeSlow(receivingBytes),
        callback: (length, buffer) => read((buffer as Buffer).subarray(0, length)),
      })
  socket.once(ready, () => {
    step = 'resting'
    if (request !== undefined) begin()
  })
  socket.on('drain', () => {
    waitedMs = 0
    body?.resume()
  })
  socket.on('error', (error) => {
    trouble = error
  })
  socket.on('end', () => {
    if (step === 'over') return
    try {
      reader.close()
    } catch (error) {
      trouble ??= error
    }
    if (step === 'resting') close()
    else socket.destroy()
  })
  socket.on('close', () => {
    if (step === 'over') return
    const cause = trouble ?? new Error('the connection was closed')
    if (step === 'queued') fail(new UnsentError('the connection had ended', { cause }))
    else if (step === 'waiting' && !reader.hasBegun()) fail(new UnansweredError('no answer came', { cause }))
    else fail(cause)
  })

  function begin(): void {
    step = 'queued'
    waitedMs = 0
    atEndOfTurn(writeQueued)
  }

  function writeQueued(): void {
    if (step !== 'queued' || request === undefined) return
    if (socket.destroyed) fail(new UnsentError('the connection had ended'))
    else write(request)
  }

  function write(sent: UpstreamRequest): void {
    try {
      const head = requestHead(sent)
      step = 'waiting'
      reader.expect(sent.method, sent.upgrade)
      if (sent.body !== undefined) socket.cork()
      socket.write(head, 'latin1')
    } catch (error) {
      return void fail(error)
    }
    if (sent.body === undefined) return
    body = writeBody(socket, sent.body, fail, () => {
      waitedMs = 0
    })
    // What there is of the body goes out together with the head.
    socket.uncork()
  }

  function forget(): void {
    request = undefined
    listener = undefined
    takenOver = undefined
    body?.stop()
    body = undefined
  }

  function close(): void {
    step = 'over'
    socket.destroy()
    owner.gone(connection)
  }

  /** Whoever waits hears why, once. */
  function fail(error: unknown): void {
    const hearer = listener
    const isTakenOver = takenOver
    forget()
    close()
    if (hearer !== undefined && !isTakenOver?.(error)) hearer.failed(error)
  }

  /** While the request is being sent nobody is late, unless it is the upstream that does not take it. */
  function limit(): number {
    if (step === 'connecting') return patience.connect
    if (step === 'resting') return restFor
    if (step === 'receiving') return request?.listens ? patience.listening : patience.idle
    const isSending = body !== undefined && !body.isDone() && !socket.writableNeedDrain
    return step === 'waiting' && !isSending ? patience.response : Number.POSITIVE_INFINITY
  }

  const connection: Connection = {
    send(next, hearer, isTakenOver) {
      request = next
      listener = hearer
      takenOver = isTakenOver
      waitedMs = 0
      if (step === 'resting') begin()
    },
    resume(paused) {
      if (request !== paused || step !== 'paused') return
      step = 'receiving'
      waitedMs = 0
      socket.resume()
    },
    abort(unwanted) {
      if (request !== unwanted) return
      forget()
      close()
    },
    tick(passedMs) {
      // A step began somewhere in its first tick: none is cut short, but at rest a connection stays no longer than it may.
      const atLeastMs = step === 'resting' ? waitedMs + passedMs : waitedMs
      waitedMs += passedMs
      if (atLeastMs < limit()) return
      if (step === 'resting') close()
      else fail(new GatewayError('upstream_timeout'))
    },
    close,
  }
  return connection
}
