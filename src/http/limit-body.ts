import { Readable, Transform } from 'node:stream'
import { GatewayError } from '../core/errors.ts'

/** The same body, failing with `body_too_large` after so many bytes. What is not a stream is given back as it is. */
export function limitBody(body: unknown, maxBytes: number): unknown {
  if (!(body instanceof Readable)) return body
  let bytes = 0
  const limit = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      if (bytes > maxBytes) done(new GatewayError('body_too_large'))
      else done(null, chunk)
    },
  })
  body.on('error', (error) => limit.destroy(error))
  return body.pipe(limit)
}
