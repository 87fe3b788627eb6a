import t from 'tap'
import { closeFrame, followFrames } from '../../src/core/web-socket-frames.ts'

const text = 0x81
const ping = 0x89

/** A frame of this many bytes of payload, all of them 0x88, which begins a close frame elsewhere. */
function frame(first: number, bytes: number, isMasked = false): Buffer {
  const mask = isMasked ? 0x80 : 0
  const head = Buffer.alloc(bytes < 126 ? 2 : bytes < 65_536 ? 4 : 10, first)
  head.writeUInt8(mask | (bytes < 126 ? bytes : bytes < 65_536 ? 126 : 127), 1)
  if (head.length === 4) head.writeUInt16BE(bytes, 2)
  if (head.length === 10) head.writeBigUInt64BE(BigInt(bytes), 2)
  return Buffer.concat([head, Buffer.alloc(isMasked ? 4 : 0, 0x7f), Buffer.alloc(bytes, 0x88)])
}

const sizes = [0, 1, 125, 126, 127, 65_535, 65_536, 70_000]

t.test('the end of a frame is found, whatever its length and however it is cut', async (t) => {
  for (const isMasked of [false, true]) {
    const frames = sizes.map((size) => frame(text, size, isMasked))
    const ends = frames.map((_, i) => frames.slice(0, i + 1).reduce((sum, { length }) => sum + length, 0))
    const bytes = Buffer.concat(frames)
    for (const step of [1, 2, 3, 7, 1000, 65_537, bytes.length]) {
      const followed = followFrames()
      const found: number[] = []
      for (let at = 0; at < bytes.length; ) {
        at += followed.read(bytes.subarray(at, at + step), true)
        if (followed.isBetween()) found.push(at)
      }

      t.same(found, ends, `in pieces of ${step}`)
    }
  }
})

t.test('a piece is read to its end when no end of a frame is looked for', async (t) => {
  const bytes = Buffer.concat([frame(text, 5), frame(text, 5), frame(text, 5).subarray(0, 4)])
  const frames = followFrames()

  t.equal(frames.isBetween(), true)
  t.equal(frames.read(bytes, false), bytes.length)
  t.equal(frames.isBetween(), false)
  t.equal(frames.read(frame(text, 5).subarray(4), false), 3)
  t.equal(frames.isBetween(), true)
})

t.test('a message is data, a ping is none', async (t) => {
  const frames = followFrames()

  for (const opcode of [ping, 0x8a, 0x88]) {
    frames.read(frame(opcode, 4, true), false)
    t.equal(frames.hadData(), false)
  }
  for (const opcode of [text, 0x82, 0x01, 0x80]) {
    frames.read(Buffer.concat([frame(opcode, 4, true), frame(ping, 0, true)]), false)
    t.equal(frames.hadData(), true)
    t.equal(frames.hadData(), false, 'only once')
  }
})

t.test('a close frame has its code and reason, masked to a server', async (t) => {
  const toClient = closeFrame(4401, 'over', 'client')
  const toServer = closeFrame(1001, 'over', 'server')

  t.same(toClient, Buffer.from([0x88, 6, 0x11, 0x31, ...Buffer.from('over')]))
  t.same(toServer.subarray(0, 2), Buffer.from([0x88, 0x86]))
  const mask = toServer.subarray(2, 6)
  const payload = toServer.subarray(6).map((byte, i) => byte ^ (mask[i % 4] ?? 0))
  t.same(Buffer.from(payload), Buffer.from([0x03, 0xe9, ...Buffer.from('over')]))
  t.notSame(closeFrame(1001, 'over', 'server'), toServer, 'by another mask each time')
})
