import { AnswerFault, readTrailers } from './answer-head.ts'

/** Reads a chunked body, in whatever pieces it comes. */
export interface ChunkedBody {
  /** Reads from `at` on, passes on what is content, and gives where it stopped: at the end of the bytes, or of the body. */
  readonly read: (bytes: Buffer, at: number, pass: (piece: Buffer) => void) => number
  readonly isOver: () => boolean
  /** Trailer fields, once it is over. */
  readonly trailers: () => string[]
}

/** RFC 9112 section 7.1; extensions are not heeded. */
const sizeLine = /^([0-9A-Fa-f]{1,12})(?:[\t ]*;[\t\x20-\x7e\x80-\xff]*)?$/
const maxSizeLine = 1024
const maxTrailers = 64 * 1024
const newline = 0x0a

/** A reader for one body. It throws AnswerFault for what is not chunked. */
export function createChunkedBody(): ChunkedBody {
  let expects: 'size' | 'content' | 'end_of_content' | 'trailers' | 'nothing' = 'size'
  let left = 0
  let line = ''
  let trailers = ''

  /** Adds to the line what there is of it, and gives where that ends. The line is whole when it has its `\r\n`. */
  function readLine(bytes: Buffer, at: number, longest: number): number {
    const found = bytes.indexOf(newline, at)
    const end = found < 0 ? bytes.length : found + 1
    if (line.length + end - at > longest) throw new AnswerFault('a line of its body is too long')
    line += bytes.toString('latin1', at, end)
    return end
  }

  function takeLine(): string | undefined {
    if (!line.endsWith('\n')) return undefined
    if (!line.endsWith('\r\n')) throw new AnswerFault('a line of its body has no end')
    const text = line.slice(0, -2)
    line = ''
    return text
  }

  function begin(text: string): void {
    const size = sizeLine.exec(text)?.[1]
    if (size === undefined) throw new AnswerFault('a chunk has no size')
    left = Number.parseInt(size, 16)
    expects = left === 0 ? 'trailers' : 'content'
  }

  return {
    read(bytes, start, pass) {
      let at = start
      while (at < bytes.length && expects !== 'nothing') {
        if (expects === 'content') {
          const end = Math.min(bytes.length, at + left)
          pass(bytes.subarray(at, end))
          left -= end - at
          at = end
          if (left === 0) expects = 'end_of_content'
          continue
        }
        at = readLine(bytes, at, expects === 'size' ? maxSizeLine : expects === 'trailers' ? maxTrailers : 2)
        const text = takeLine()
        if (text === undefined) continue
        if (expects === 'size') begin(text)
        else if (expects === 'end_of_content') {
          if (text !== '') throw new AnswerFault('a chunk is longer than it said')
          expects = 'size'
        } else if (text === '') expects = 'nothing'
        else {
          trailers += `${text}\r\n`
          if (trailers.length > maxTrailers) throw new AnswerFault('its trailers are too long')
        }
      }
      return at
    },
    isOver: () => expects === 'nothing',
    trailers: () => readTrailers(trailers),
  }
}
