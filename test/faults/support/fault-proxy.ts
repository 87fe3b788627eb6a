import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { Ending } from '../../support/gateway-process.ts'

/** What goes wrong on the way. */
export type Fault =
  /** New connections are reset at once. */
  | { readonly kind: 'refuse' }
  /** Nothing passes either way, and nobody is told. Such a connection stays dead when the fault is over. */
  | { readonly kind: 'half-open' }
  /** Replies wait until there is another fault, or none. */
  | { readonly kind: 'hold' }
  /** Each reply comes so much later. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Replies trickle. */
  | { readonly kind: 'slow'; readonly bytesPerSecond: number }
  /** Each reply ends in a reset after so many bytes. */
  | { readonly kind: 'reset'; readonly afterBytes: number }

interface Connection {
  readonly client: Socket
  readonly server: Socket
  isSubscription: boolean
  isDead: boolean
  /** Something was asked and not answered yet. */
  isOwed: boolean
}

export type FaultProxy = Awaited<ReturnType<typeof startFaultProxy>>

/** A TCP proxy to a port of 127.0.0.1 that can do what networks do. It ends with the test. */
export async function startFaultProxy(t: Ending, port: number) {
  const connections = new Set<Connection>()
  let fault: Fault | undefined
  let isMeant = (_connection: Connection) => true
  let changed = Promise.withResolvers<void>()
  let bites = 0
  let requests = 0
  let held = 0

  const server = createServer({ noDelay: true }, (client) => {
    if (fault?.kind === 'refuse') return lose(client)
    const connection = {
      client,
      server: connect({ port, host: '127.0.0.1', noDelay: true }),
      isSubscription: false,
      isDead: false,
      isOwed: false,
    }
    connections.add(connection)
    client.on('data', (chunk: Buffer) => ask(connection, chunk))
    const late = createQueue()
    connection.server.on('data', (chunk: Buffer) => late(() => answer(connection, chunk)))
    for (const socket of [client, connection.server]) socket.on('error', () => undefined)
    client.on('close', () => end(connection))
    connection.server.on('close', () => late(async () => end(connection)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    for (const { client, server } of connections) for (const socket of [client, server]) socket.destroy()
  })

  function change(next: Fault | undefined): void {
    fault = next
    changed.resolve()
    changed = Promise.withResolvers()
  }

  /** The fault this connection meets now. */
  function faultOf(connection: Connection): Fault | undefined {
    if (connection.isDead) return { kind: 'half-open' }
    return isMeant(connection) ? fault : undefined
  }

  function ask(connection: Connection, chunk: Buffer): void {
    if (chunk.includes('subscribe\r\n')) connection.isSubscription = true
    if (chunk.includes('POST ')) requests += 1
    connection.isOwed = true
    if (faultOf(connection)?.kind === 'half-open') swallow(connection)
    else connection.server.write(chunk)
  }

  async function answer(connection: Connection, chunk: Buffer): Promise<void> {
    const met = faultOf(connection)
    if (met?.kind === 'half-open') return swallow(connection)
    if (met !== undefined) bites += 1
    if (met?.kind === 'hold') {
      held += 1
      await changed.promise
    }
    if (met?.kind === 'delay') await setTimeout(met.ms)
    const { client } = connection
    if (met?.kind === 'reset') {
      client.write(chunk.subarray(0, met.afterBytes), () => reset(connection))
      return
    }
    connection.isOwed = false
    if (met?.kind !== 'slow') return void client.write(chunk)
    let sent = 0
    while (sent < chunk.length && fault === met) {
      client.write(chunk.subarray(sent, ++sent))
      await setTimeout(1000 / met.bytesPerSecond)
    }
    client.write(chunk.subarray(sent))
  }

  function swallow(connection: Connection): void {
    connection.isDead = true
    bites += 1
  }

  function reset(connection: Connection): void {
    connection.client.resetAndDestroy()
    connection.server.destroy()
  }

  function lose(client: Socket): void {
    bites += 1
    client.resetAndDestroy()
  }

  /** One side has gone: so does the other. Who goes while an answer is owed has met a fault, here or behind. */
  function end(connection: Connection): void {
    if (connections.delete(connection) && connection.isOwed && !connection.isDead) bites += 1
    connection.client.destroy()
    connection.server.destroy()
  }

  return {
    port: (server.address() as AddressInfo).port,
    /** From now on. `subscriptions`: only on connections to Redis that hear what others publish. */
    set(next: Fault, { subscriptions = false } = {}) {
      change(next)
      isMeant = ({ isSubscription }) => isSubscription || !subscriptions
    },
    /** Resets all connections, and new ones until it is healed. */
    cut() {
      change({ kind: 'refuse' })
      for (const connection of connections) {
        bites += 1
        reset(connection)
      }
    },
    heal() {
      change(undefined)
    },
    /** How often a fault, here or behind, was met: a connection lost, a reply withheld, cut or late. */
    bites: () => bites,
    /** How many replies were held so far. */
    held: () => held,
    /** How many POST requests went by, where it is HTTP. */
    posts: () => requests,
  }
}

/** One after the other. */
function createQueue(): (task: () => Promise<void>) => void {
  let tail = Promise.resolve()
  return (task) => {
    tail = tail.then(task)
  }
}
