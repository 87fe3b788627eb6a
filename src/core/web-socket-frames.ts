import { randomBytes } from 'node:crypto'

/** The frames that go one way. See `followFrames`. */
export type Frames = ReturnType<typeof followFrames>

/** Opcodes from here on are control frames: close, ping, pong. */
const firstControl = 0x8

/** Follows the frames that go one way (RFC 6455 section 5.2): where they end, not what is in them. */
export function followFrames() {
  const header = Buffer.alloc(14)
  let headerBytes = 0
  let payloadLeft = 0
  let hasData = false

  const isBetween = () => headerBytes === 0 && payloadLeft === 0

  return {
    /** Whether the next byte is the first one of a frame. */
    isBetween,

    /** Whether anything but control frames came since this was asked last. */
    hadData(): boolean {
      const had = hasData
      hasData = false
      return had
    },

    /** Reads on through `chunk`, at most to the next end of a frame if `stopsBetween`. Gives the number of bytes read. */
    read(chunk: Buffer, stopsBetween: boolean): number {
      let at = 0
      while (at < chunk.length) {
        if (payloadLeft > 0) {
          const taken = Math.min(payloadLeft, chunk.length - at)
          payloadLeft -= taken
          at += taken
        } else {
          header[headerBytes++] = chunk[at++] ?? 0
          if (headerBytes === headerLength(header, headerBytes)) {
            payloadLeft = payloadLength(header)
            hasData ||= (header.readUInt8(0) & 0x0f) < firstControl
            headerBytes = 0
          }
        }
        if (stopsBetween && isBetween()) break
      }
      return at
    },
  }
}

/** A close frame (RFC 6455 section 5.5.1). What goes to a server is masked. */
export function closeFrame(code: number, reason: string, to: 'client' | 'server'): Buffer {
  const status = Buffer.alloc(2)
  status.writeUInt16BE(code)
  const payload = Buffer.concat([status, Buffer.from(reason)])
  const mask = to === 'server' ? randomBytes(4) : Buffer.alloc(0)
  const masked = payload.map((byte, i) => byte ^ (mask[i % 4] ?? 0))
  return Buffer.concat([Uint8Array.of(0x88, payload.length | (mask.length > 0 ? 0x80 : 0)), mask, masked])
}

/** As far as the bytes that came say. */
function headerLength(header: Buffer, bytes: number): number {
  if (bytes < 2) return 2
  const second = header.readUInt8(1)
  const length = second & 0x7f
  return 2 + (length === 126 ? 2 : length === 127 ? 8 : 0) + (second & 0x80 ? 4 : 0)
}

function payloadLength(header: Buffer): number {
  const length = header.readUInt8(1) & 0x7f
  if (length < 126) return length
  return length === 126 ? header.readUInt16BE(2) : Number(header.readBigUInt64BE(2))
}
