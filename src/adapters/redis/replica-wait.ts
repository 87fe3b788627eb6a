import type { Redis } from 'ioredis'
import { isCut, reasonOf } from './outcomes.ts'

/** Hears of it once whenever replicas begin to confirm what is written, or cease to. `detail` is for the log. */
export type OnReplicated = (isReplicated: boolean, detail: string) => void

interface ReplicaWaitOptions {
  readonly onReplicated?: OnReplicated | undefined
  /** How long a replica may take. Milliseconds. */
  readonly boundMs?: number
  /** For how long nothing waits once one took longer. Milliseconds. */
  readonly restMs?: number
}

interface Node {
  /** Not sent yet, so it covers what is being written until then. */
  next?: Promise<void>
  last: Promise<void>
  restsUntil: number
  isReplicated?: boolean
}

/**
 * Waits until one replica has what was written over a connection before, for a fifth of a second at most. Never throws.
 * WAIT holds up all that follows it on its connection, so one is under way at a time, whoever waits meanwhile shares the
 * next, and where no replica answered there is none for ten seconds.
 */
export function createReplicaWait({
  onReplicated,
  boundMs = 200,
  restMs = 10_000,
}: ReplicaWaitOptions = {}): (connection: Redis) => Promise<void> {
  const nodes = new WeakMap<Redis, Node>()

  function report(node: Node, isReplicated: boolean, detail: string): void {
    if (!isReplicated) node.restsUntil = performance.now() + restMs
    if (isReplicated === node.isReplicated) return
    node.isReplicated = isReplicated
    onReplicated?.(isReplicated, detail)
  }

  async function wait(node: Node, connection: Redis): Promise<void> {
    await node.last
    delete node.next
    if (performance.now() < node.restsUntil) return
    try {
      const replicas = await connection.wait(1, boundMs)
      report(node, replicas > 0, replicas > 0 ? 'confirmed' : `no replica answered within ${boundMs} ms`)
    } catch (error) {
      if (!isCut(error)) report(node, false, reasonOf(error))
    }
  }

  return async (connection) => {
    const node = nodes.get(connection) ?? { last: Promise.resolve(), restsUntil: 0 }
    nodes.set(connection, node)
    if (performance.now() < node.restsUntil) return
    if (node.next === undefined) {
      node.next = wait(node, connection)
      node.last = node.next
    }
    await node.next
  }
}
