import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../core/errors.ts'
import type { BodySink, BodySource } from '../core/upstream-client.ts'

/** The body of a request on its way to an upstream, and what is still needed to send it again. */
export interface RequestBody {
  /** `undefined` when there is no body. It fails with `body_too_large` where the route takes no more. */
  readonly source: BodySource | undefined
  /** Whether everything that came so far is still there, so that it may be sent once more. */
  readonly isHeld: () => boolean
  /** What is left is read and forgotten, so that an answer reaches the client. */
  readonly release: () => void
}

/** How much of a body is kept for a second try, while it streams. */
const maxHeldBytes = 64 * 1024

const none: RequestBody = { source: undefined, isHeld: () => true, release: () => undefined }

/** A body that was read already. */
export function heldBody(bytes: Buffer): RequestBody {
  if (bytes.length === 0) return none
  const source: BodySource = {
    length: bytes.length,
    flow(sink) {
      sink.write(bytes)
      sink.end()
      return () => undefined
    },
  }
  return { source, isHeld: () => true, release: () => undefined }
}

/** The body of a request as it came, whatever the method and the type (RFC 9112 section 6.3). */
export function requestBody(raw: IncomingMessage, maxBytes: number): RequestBody {
  const { 'transfer-encoding': coding, 'content-length': length = '0' } = raw.headers
  if (coding !== undefined) return streamed(raw, undefined, maxBytes)
  return Number(length) === 0 ? none : streamed(raw, Number(length), maxBytes)
}

function streamed(raw: IncomingMessage, length: number | undefined, maxBytes: number): RequestBody {
  let held: Buffer[] | undefined = []
  let bytes = 0
  let sink: BodySink | undefined

  raw.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > maxHeldBytes && sink !== undefined) held = undefined
    held?.push(chunk)
    // A small body has come when it is asked for, and goes out with the head of the request.
    if (bytes >= maxHeldBytes && held !== undefined && sink === undefined) raw.pause()
    if (bytes > maxBytes) sink?.fail(new GatewayError('body_too_large'))
    else if (sink?.write(chunk) === false) raw.pause()
  })
  raw.on('end', () => sink?.end())
  raw.on('error', (error) => sink?.fail(error))

  return {
    source: {
      length,
      flow(to) {
        sink = to
        if (bytes > maxBytes) to.fail(new GatewayError('body_too_large'))
        for (const chunk of held ?? []) to.write(chunk)
        if (bytes > maxHeldBytes) held = undefined
        if (raw.readableEnded) to.end()
        else raw.resume()
        return () => void raw.resume()
      },
    },
    isHeld: () => held !== undefined,
    release() {
      sink = undefined
      held = undefined
      raw.resume()
    },
  }
}
