import type { Writable } from 'node:stream'

const pieceBytes = 64 * 1024
/** What is passed on in smaller pieces is no burden for the collector. */
const leastBytes = 4 * 1024
const maxFree = 64

/** Memory that is used again and again: a large body would leave its own size behind for the collector. */
const free: Buffer[] = []

/** Writes a copy of a piece that is about to be overwritten. */
export function writeCopy(to: Writable, piece: Buffer): void {
  if (piece.length < leastBytes || piece.length > pieceBytes) return void to.write(Buffer.from(piece))
  const memory = free.pop() ?? Buffer.allocUnsafeSlow(pieceBytes)
  piece.copy(memory)
  // Called when it has been handed over, or never will be.
  to.write(memory.subarray(0, piece.length), () => {
    if (free.length < maxFree) free.push(memory)
  })
}
