import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'

/** Where to, in whose name. */
export interface Target {
  readonly url: string
  readonly cookie: string | undefined
}

const chunk = Buffer.alloc(65_536, 'x')

/** Reads a body to its end, no faster than `mbPerSecond`. Gives MB per second. */
export async function download(target: Target, bytes: number, mbPerSecond = Number.POSITIVE_INFINITY): Promise<number> {
  const start = performance.now()
  const response = await answerTo(target, 'GET')
  let received = 0
  for await (const piece of response) {
    received += (piece as Buffer).length
    const aheadMs = received / 1e3 / mbPerSecond - (performance.now() - start)
    if (aheadMs > 5) await setTimeout(aheadMs)
  }
  if (received !== bytes) throw new Error(`${received} bytes came of ${bytes}`)
  return bytes / 1e3 / (performance.now() - start)
}

/** Sends a body, waiting wherever the other side is slower. Gives MB per second. */
export async function upload(target: Target, bytes: number): Promise<number> {
  const start = performance.now()
  const response = await answerTo(target, 'POST', async function* () {
    for (let sent = 0; sent < bytes; sent += chunk.length) yield chunk.subarray(0, bytes - sent)
  })
  const { bytes: received } = JSON.parse(await textOf(response))
  if (received !== bytes) throw new Error(`${received} bytes arrived of ${bytes}`)
  return bytes / 1e3 / (performance.now() - start)
}

/** Milliseconds until the first event of a stream is here. */
export async function firstEvent(target: Target): Promise<number> {
  const start = performance.now()
  const response = await answerTo(target, 'GET')
  await once(response, 'data')
  const passed = performance.now() - start
  response.destroy()
  return passed
}

async function answerTo({ url, cookie }: Target, method: 'GET' | 'POST', body?: () => AsyncIterable<Buffer>) {
  // What changes something counts only from the page's own origin.
  const headers = { ...(cookie && { cookie }), ...(method === 'POST' && { origin: new URL(url).origin }) }
  const outgoing = request(url, { method, agent: false, headers })
  const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>
  if (body === undefined) outgoing.end()
  else Readable.from(body()).pipe(outgoing)
  const [response] = await answered
  if (response.statusCode !== 200) throw new Error(`${method} ${url}: ${response.statusCode}`)
  return response
}

async function textOf(response: AsyncIterable<Buffer>): Promise<string> {
  let text = ''
  for await (const piece of response) text += piece
  return text
}
