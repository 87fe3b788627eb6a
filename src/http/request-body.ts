import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { GatewayError } from '../core/errors.ts'

/** The body of a request on its way to an upstream, and what is still needed to send it again. */
export interface RequestBody {
  readonly isEmpty: boolean
  /** What to send: `null` when there is no body. Fails with `body_too_large` where the route takes no more. */
  readonly open: () => Readable | null
  /** Whether everything that came so far is still there, so that `open` may be called once more. */
  readonly isHeld: () => boolean
  /** What is left is read and forgotten, so that an answer reaches the client. */
  readonly release: () => void
}

/** How much of a body is kept for a second try, while it streams. */
const maxHeldBytes = 64 * 1024

const none: RequestBody = { isEmpty: true, open: () => null, isHeld: () => true, release: () => undefined }

/** A body that was read already. */
export function heldBody(bytes: Buffer): RequestBody {
  if (bytes.length === 0) return none
  return { isEmpty: false, open: () => Readable.from([bytes]), isHeld: () => true, release: () => undefined }
}

/** The body of a request as it came, whatever the method and the type (RFC 9112 section 6.3). */
export function requestBody(raw: IncomingMessage, maxBytes: number): RequestBody {
  const { 'transfer-encoding': coding, 'content-length': length = '0' } = raw.headers
  return coding === undefined && Number(length) === 0 ? none : streamed(raw, maxBytes)
}

function streamed(raw: IncomingMessage, maxBytes: number): RequestBody {
  let held: Buffer[] | undefined = []
  let bytes = 0
  let sink: Readable | undefined

  raw.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > maxHeldBytes) held = undefined
    held?.push(chunk)
    if (bytes > maxBytes) sink?.destroy(new GatewayError('body_too_large'))
    else if (sink?.push(chunk) === false) raw.pause()
  })
  raw.on('end', () => sink?.push(null))
  raw.on('error', (error) => sink?.destroy(error))
  raw.pause()

  return {
    isEmpty: false,
    open() {
      sink = new Readable({ read: () => void raw.resume() })
      // Whoever reads it hears of a failure; when nobody does any more, it is no fault of the process.
      sink.on('error', () => undefined)
      for (const chunk of held ?? []) sink.push(chunk)
      if (raw.readableEnded) sink.push(null)
      return sink
    },
    isHeld: () => held !== undefined,
    release() {
      sink = undefined
      held = undefined
      raw.resume()
    },
  }
}
