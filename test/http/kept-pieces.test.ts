import { Writable } from 'node:stream'
import t from 'tap'
import { writeCopy } from '../../src/http/kept-pieces.ts'

/** A reader that hands over what it got when the test says so. */
function slowReader() {
  const written: Buffer[] = []
  const waiting: (() => void)[] = []
  const to = new Writable({
    highWaterMark: 1 << 20,
    write(piece, _encoding, done) {
      written.push(piece)
      waiting.push(done)
    },
  })
  return { to, written, take: () => waiting.shift()?.() }
}

t.test('what was written stays what it was while its source is overwritten, and others write', async (t) => {
  const source = Buffer.alloc(64 * 1024)
  const readers = [slowReader(), slowReader()]

  for (const size of [1, 5_000, 64 * 1024]) {
    for (const [nr, { to }] of readers.entries()) writeCopy(to, source.fill(nr + 1).subarray(0, size))
    source.fill(9)
    for (const [nr, { written, take }] of readers.entries()) {
      t.ok(written.at(-1)?.equals(Buffer.alloc(size, nr + 1)), `${size} bytes for reader ${nr}`)
      take()
    }
  }
})

t.test('memory is used again when its piece was handed over, and not before', async (t) => {
  const piece = Buffer.alloc(64 * 1024)
  const { to, written, take } = slowReader()
  const other = slowReader()
  writeCopy(to, piece)
  writeCopy(other.to, piece)
  t.not(other.written[0]?.buffer, written[0]?.buffer)

  take()
  await new Promise(setImmediate)
  writeCopy(other.to, piece)
  other.take()

  t.equal(other.written[1]?.buffer, written[0]?.buffer)
})

t.test('memory of a piece that is never handed over is not lost for others', async (t) => {
  const { to } = slowReader()
  to.on('error', () => undefined)
  writeCopy(to, Buffer.alloc(64 * 1024))
  to.destroy()
  const { to: next, written } = slowReader()

  writeCopy(next, Buffer.alloc(64 * 1024, 'x'))

  t.ok(written[0]?.every((byte) => byte === 120))
})
