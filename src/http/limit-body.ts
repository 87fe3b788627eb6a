import { type Readable, Transform } from 'node:stream'
import { GatewayError } from '../core/errors.ts'

/**
 * The same body, failing with `body_too_large` after so many bytes. Whoever gives it up early leaves the connection that
 * it comes over alone: what is left is read and forgotten, so that the answer arrives.
 */
export function limitBody(body: Readable, maxBytes: number): Readable {
  let bytes = 0
  const limit = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      if (bytes > maxBytes) done(new GatewayError('body_too_large'))
      else done(null, chunk)
    },
  })
  body.on('error', (error) => limit.destroy(error))
  body.pipe(limit)
  // After `pipe` has let go of it, which pauses it.
  limit.once('close', () => body.resume())
  return limit
}
