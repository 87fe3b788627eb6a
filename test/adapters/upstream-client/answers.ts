import { createAnswerReader } from '../../../src/adapters/upstream-client/answer-reader.ts'

/** What a reader made of an answer. */
interface ReadAnswer {
  informed: number[]
  status: number | undefined
  headers: readonly string[]
  body: string
  trailers: readonly string[] | undefined
  /** Whether the connection may be used again. */
  keeps: boolean | undefined
  /** What came after the answer had switched protocols. */
  switched: string | undefined
  fault: string | undefined
}

interface Reading {
  readonly method?: string
  readonly upgrade?: boolean
  /** Whether the upstream closes the connection behind it. */
  readonly closes?: boolean
}

/** Reads an answer that comes in these pieces, each in memory that is overwritten by the next one. */
export function readAnswer(
  pieces: readonly string[],
  { method = 'GET', upgrade = false, closes = false }: Reading = {},
) {
  const read: ReadAnswer = {
    ...{ informed: [], status: undefined, headers: [], body: '', trailers: undefined, keeps: undefined },
    ...{ switched: undefined, fault: undefined },
  }
  const reader = createAnswerReader({
    informed: (status) => void read.informed.push(status),
    began: (status, headers) => Object.assign(read, { status, headers: [...headers] }),
    received(piece) {
      read.body += piece.toString('latin1')
    },
    ended: (trailers, keeps) => Object.assign(read, { trailers: [...trailers], keeps }),
    switched(headers, rest) {
      read.headers = headers
      read.switched = rest.toString('latin1')
    },
  })
  const memory = Buffer.alloc(256 * 1024)
  reader.expect(method, upgrade)
  try {
    for (const piece of pieces) {
      if (read.switched !== undefined) read.switched += piece
      // What comes when an answer has ended is for the connection to judge.
      else if (read.keeps === undefined) reader.read(memory.subarray(0, memory.fill('?').write(piece, 'latin1')))
      else read.keeps = false
    }
    if (closes) reader.close()
  } catch (error) {
    read.fault = error instanceof Error ? error.message : String(error)
  }
  return read
}

export const ok = 'HTTP/1.1 200 OK\r\n'
