import type { Route } from '../../core/route.ts'
import type { UpstreamClient } from '../../core/upstream-client.ts'
import { type Connection, openConnection, type Patience, UnansweredError, UnsentError } from './connection.ts'
import { socketsTo } from './open-socket.ts'

/** A client and the connections it keeps. */
interface ClosableClient {
  readonly send: UpstreamClient
  /** Ends the connections at rest, and each other one when its answer has ended. */
  readonly close: () => void
}

/** RFC 9110 section 9.2.2, of the methods that tools use. */
const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

/** What only listens is not late until then: whoever listens to an upstream that hangs is to find out some time. */
const listeningMs = 3_600_000
const restMs = 4_000
const longestRestMs = 600_000
const [shortestTickMs, longestTickMs] = [10, 500]

/**
 * An HTTP/1.1 client for a route's upstream. Connections are kept for the next request; there are as many as there are
 * requests at a time. What a dead connection did not take is sent over a new one; so is, once, what it took and left
 * unanswered, if it is idempotent and has no body.
 */
export function createUpstreamClient({ upstream, timeouts }: Route): ClosableClient {
  const opener = socketsTo(upstream)
  const tickMs = Math.min(longestTickMs, Math.max(shortestTickMs, Math.min(...Object.values(timeouts)) / 10))
  const patience: Patience = {
    connect: timeouts.connectMs,
    response: timeouts.responseMs,
    idle: timeouts.idleMs,
    listening: Math.max(timeouts.idleMs, listeningMs),
    // The upstream's clock began before ours.
    rest: (keepsMs) => (keepsMs === undefined ? restMs : Math.min(keepsMs - 1_000, longestRestMs)),
  }

  const all = new Set<Connection>()
  /** Those that may be used, the last one used at the end. */
  const resting: Connection[] = []
  /** Those whose answer has just ended: whatever came along with it, and belongs to nobody, is read first. */
  const settling: Connection[] = []
  let isSettling = false
  let isClosed = false
  let ticking: NodeJS.Timeout | undefined
  let lastTick = 0

  const owner = {
    rests(connection: Connection): void {
      if (isClosed) return void connection.close()
      settling.push(connection)
      if (isSettling) return
      isSettling = true
      setImmediate(settle)
    },
    gone(connection: Connection): void {
      all.delete(connection)
      for (const list of [resting, settling]) {
        const at = list.indexOf(connection)
        if (at >= 0) list.splice(at, 1)
      }
      if (all.size > 0 || ticking === undefined) return
      clearInterval(ticking)
      ticking = undefined
    },
  }

  function settle(): void {
    isSettling = false
    for (const connection of settling) resting.push(connection)
    settling.length = 0
  }

  function opened(upgrade: boolean): Connection {
    const connection = openConnection(opener, patience, owner, upgrade)
    all.add(connection)
    if (ticking === undefined) {
      ticking = setInterval(tick, tickMs).unref()
      lastTick = performance.now()
    }
    return connection
  }

  function tick(): void {
    const passedMs = performance.now() - lastTick
    lastTick += passedMs
    for (const connection of all) connection.tick(passedMs)
  }

  return {
    send(request, listener) {
      let connection = (request.upgrade ? undefined : resting.pop()) ?? opened(request.upgrade)
      connection.send(request, listener, isRepeated)
      return { resume: () => connection.resume(request), abort: () => connection.abort(request) }

      /** Sends it once more, where that is no risk. */
      function isRepeated(error: unknown): boolean {
        const mayRepeat = request.body === undefined && idempotent.has(request.method)
        if (!(error instanceof UnsentError || (error instanceof UnansweredError && mayRepeat))) return false
        // Not over another one that may have died with it.
        connection = opened(request.upgrade)
        connection.send(request, listener, never)
        return true
      }
    },
    close() {
      isClosed = true
      for (const connection of [...resting, ...settling]) connection.close()
    },
  }
}

function never(): boolean {
  return false
}
