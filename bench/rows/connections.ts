import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { WebSocket } from 'undici'
import type { Run } from '../ending.ts'
import { load } from '../load.ts'
import type { Options } from '../options.ts'
import type { Stage } from '../parts/stage.ts'
import { residentMb } from '../proc.ts'
import { figure, table } from '../report.ts'
import { median } from '../statistics.ts'
import { sessionCookie, startGateway } from '../subjects/gateway.ts'
import { startBare, startNginxProxy } from '../subjects/plain.ts'
import { type Subject, signIn } from '../subjects/subject.ts'

interface Holder {
  readonly title: string
  readonly subject: Subject
  readonly path: string
  readonly cookie: string | undefined
}

const together = 100

/** Connections on which nothing moves, and WebSockets. A Markdown table and lines. */
export async function connectionsTable(run: Run, stage: Stage, { isQuick, warmUpSeconds }: Options): Promise<string> {
  const idle = isQuick ? 500 : 5000
  const webSockets = isQuick ? 100 : 1000
  const gateway = await startGateway(run, stage, { store: 'memory' })
  const { cookie } = await signIn(gateway, sessionCookie)
  const holders: readonly Holder[] = [
    { title: 'toolgate, signed in', subject: gateway, path: '/signed/data', cookie },
    { title: '`@fastify/http-proxy`', subject: await startBare(run, stage), path: '/public/data', cookie: undefined },
    { title: 'nginx', subject: await startNginxProxy(run, stage), path: '/public/data', cookie: undefined },
  ]
  const rows: (readonly string[])[] = []
  for (const holder of holders) rows.push([holder.title, ...(await idleFigures(holder, idle, warmUpSeconds))])
  const head = [`${figure(idle)} idle connections`, 'RSS before, MB', 'RSS with them, MB', 'KB each']
  return [table(head, rows), await webSocketLine(gateway, cookie, webSockets)].join('\n\n')
}

/** Each connection has had one request answered; then it waits for the next. */
async function idleFigures(
  { subject, path, cookie }: Holder,
  count: number,
  warmUpSeconds: number,
): Promise<readonly string[]> {
  const pids = subject.pids()
  await load({ url: subject.origin + path, cookie, connections: 64, seconds: warmUpSeconds })
  const before = residentMb(pids)
  const sockets = await inBatches(count, () => answered(subject.origin, path, cookie))
  await setTimeout(1000)
  const after = residentMb(pids)
  const open = sockets.filter(({ closed }) => !closed).length
  for (const socket of sockets) socket.destroy()
  if (open < count) throw new Error(`${count - open} of ${count} idle connections were closed`)
  return [figure(before), figure(after), figure(((after - before) * 1000) / count, 1)]
}

async function answered(origin: string, path: string, cookie: string | undefined): Promise<Socket> {
  const { host, port } = new URL(origin)
  const socket = connect(Number(port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${cookie === undefined ? '' : `Cookie: ${cookie}\r\n`}\r\n`)
  const [head] = await once(socket, 'data')
  if (!String(head).startsWith('HTTP/1.1 200')) throw new Error(String(head).split('\r\n')[0])
  socket.resume()
  return socket
}

async function webSocketLine({ origin, pids }: Subject, cookie: string, count: number): Promise<string> {
  const name = `${figure(count)} WebSockets`
  const open = () => opened(`${origin.replace('http', 'ws')}/signed-tool/socket`, { cookie, origin })
  const first = await open().catch(() => undefined)
  if (first === undefined) return `- left out: ${name}: the gateway does not answer 101`
  const before = residentMb(pids())
  const sockets = [first, ...(await inBatches(count - 1, open))]
  const times: number[] = []
  for (const socket of sockets) times.push(await echoMs(socket))
  const each = ((residentMb(pids()) - before) * 1000) / count
  for (const socket of sockets) socket.close()
  return `- ${name}, signed in: all echo, one message there and back in ${figure(median(times), 2)} ms, ${figure(each, 1)} KB of RSS each`
}

async function opened(url: string, headers: Record<string, string>): Promise<WebSocket> {
  const socket = new WebSocket(url, { headers })
  const failed = once(socket, 'error').then(() => {
    throw new Error('no WebSocket')
  })
  failed.catch(() => undefined)
  await Promise.race([once(socket, 'open'), failed])
  return socket
}

async function echoMs(socket: WebSocket): Promise<number> {
  const start = performance.now()
  const heard = once(socket, 'message')
  socket.send('hello')
  await heard
  return performance.now() - start
}

async function inBatches<T>(count: number, make: () => Promise<T>): Promise<readonly T[]> {
  const made: T[] = []
  while (made.length < count) {
    made.push(...(await Promise.all(Array.from({ length: Math.min(together, count - made.length) }, make))))
  }
  return made
}
