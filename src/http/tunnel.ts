import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { closeFrame, type Frames, followFrames } from '../core/web-socket-frames.ts'

/** A WebSocket that goes through us. */
export interface Tunnel {
  /** Resolves when both its connections are closed. */
  readonly closed: Promise<void>
  /** Says goodbye to both sides, with this close code to the client (RFC 6455 section 7.4), and closes soon. */
  readonly close: (code: number, reason: string) => void
  /** Whether the client sent a message since this was asked last. Pings and pongs are none. */
  readonly wasUsed: () => boolean
}

interface Direction {
  readonly frames: Frames
  /** Sends these bytes at the next end of a frame, and nothing after them. */
  readonly leave: (farewell: Buffer) => void
}

/** RFC 6455 section 7.4.1. */
const goingAway = 1001

/** How long the two sides have to close their ends. Milliseconds. */
const graceMs = 800

/** Joins two connections that have switched to WebSocket. What passes is not looked into. */
export function openTunnel(client: Socket, upstream: Duplex, idleMs: number): Tunnel {
  const down = pass(upstream, client)
  const up = pass(client, upstream)
  let isClosing = false

  function close(code: number, reason: string): void {
    if (isClosing) return
    isClosing = true
    down.leave(closeFrame(code, reason, 'client'))
    up.leave(closeFrame(goingAway, reason, 'server'))
    for (const side of [client, upstream]) destroySoon(side)
  }

  // Whatever passes, in whichever direction, is read from or written to the client's connection.
  client.setTimeout(idleMs)
  client.removeAllListeners('timeout').on('timeout', () => close(goingAway, 'idle'))

  return {
    closed: Promise.all([gone(client, upstream), gone(upstream, client)]).then(() => undefined),
    close,
    wasUsed: () => up.frames.hadData(),
  }
}

/** Passes everything on that comes from one side, no faster than the other takes it. */
function pass(from: Duplex, to: Duplex): Direction {
  const frames = followFrames()
  let farewell: Buffer | undefined

  function endBetweenFrames(): void {
    if (farewell === undefined || !frames.isBetween() || !to.writable) return
    to.end(farewell)
    from.resume()
  }

  from.on('data', (chunk: Buffer) => {
    // What nobody will get is read all the same, or the other side's end would not be heard.
    if (!to.writable) return
    const length = frames.read(chunk, farewell !== undefined)
    if (!to.write(length === chunk.length ? chunk : chunk.subarray(0, length))) from.pause()
    endBetweenFrames()
  })
  to.on('drain', () => from.resume())
  from.on('end', () => to.end())
  from.resume()

  return {
    frames,
    leave(bytes) {
      farewell = bytes
      endBetweenFrames()
    },
  }
}

/** Resolves when `side` is closed, however that came. The other one follows. */
function gone(side: Duplex, other: Duplex): Promise<void> {
  // An error is followed by the end.
  side.on('error', () => undefined)
  return new Promise((resolve) => {
    const onClose = () => {
      other.end()
      other.resume()
      destroySoon(other)
      resolve()
    }
    if (side.destroyed) onClose()
    else side.once('close', onClose)
  })
}

/** What was written may still go out, and what the other side has to say may still come in, for a moment. */
function destroySoon(side: Duplex): void {
  if (side.destroyed) return
  const timer = setTimeout(() => side.destroy(), graceMs)
  side.once('close', () => clearTimeout(timer))
}
