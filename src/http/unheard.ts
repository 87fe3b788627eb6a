import type { AnswerListener, UpstreamExchange } from '../core/upstream-client.ts'

/** An answer that may go on without its client. */
interface Outliving {
  readonly listener: AnswerListener
  /** The client is gone. False: the answer cannot go on. Else `over` hears when it has ended, in whatever way. */
  readonly goOn: (exchange: UpstreamExchange, over: (status: number | undefined) => void) => boolean
}

/** What answers that nobody hears may cost. */
interface UnheardLimits {
  readonly most: number
  readonly maxMs: number
  readonly maxBytes: number
}

/** Answers that nobody hears any more. See `createUnheard`. */
export type Unheard = ReturnType<typeof createUnheard>

/** Enough for tools at work; each keeps a connection to the upstream. */
const usual: UnheardLimits = { most: 100, maxMs: 300_000, maxBytes: 10_000_000 }

/**
 * Answers whose clients went away without cancelling them: they are read to their end and forgotten, within limits, so
 * that the server ends its work, and keeps what the client may ask for again.
 */
export function createUnheard({ most, maxMs, maxBytes }: UnheardLimits = usual) {
  const ends = new Set<() => void>()

  /** The rest of an answer. `stop` gives it up. */
  function rest(stop: () => void, over: (status: number | undefined) => void): AnswerListener {
    let status: number | undefined
    let bytes = 0
    const end = () => {
      clearTimeout(timer)
      if (ends.delete(giveUp)) over(status)
    }
    const giveUp = () => {
      stop()
      end()
    }
    const timer = setTimeout(giveUp, maxMs).unref()
    ends.add(giveUp)
    return {
      informed: () => undefined,
      began(began) {
        status = began
      },
      received(piece) {
        bytes += piece.length
        if (bytes > maxBytes) giveUp()
      },
      waiting: () => true,
      ended: end,
      switched(connection) {
        connection.destroy()
        end()
      },
      failed: end,
    }
  }

  return {
    /** Follows an answer as `live` does, for as long as the client is there. */
    outliving(live: AnswerListener): Outliving {
      let current = live
      return {
        listener: {
          informed: (status, headers) => current.informed(status, headers),
          began: (status, headers) => current.began(status, headers),
          received: (piece) => current.received(piece),
          waiting: () => current.waiting(),
          ended: (trailers) => current.ended(trailers),
          switched: (connection, headers) => current.switched(connection, headers),
          failed: (error) => current.failed(error),
        },
        goOn(exchange, over) {
          if (ends.size >= most) return false
          current = rest(exchange.abort, over)
          exchange.resume()
          return true
        },
      }
    },

    /** The process ends. */
    endAll(): void {
      for (const end of ends) end()
    },
  }
}
