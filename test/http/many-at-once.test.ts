import { createHash, randomBytes } from 'node:crypto'
import { Agent, type IncomingMessage, request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import t from 'tap'
import { startStack } from '../support/stack.ts'
import { startTool } from '../support/tool.ts'

/** Around every size at which something is done in another way: joined, held, read at once. */
const sizes = [0, 1, 1_000, 16 * 1024 - 1, 16 * 1024, 16 * 1024 + 1, 64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 300_000]

/** A tool that gives back what it got, framed as the address says, some of it later. */
const tool = await startTool(t, async (request, response) => {
  const body = await buffer(request)
  const { searchParams } = new URL(request.url ?? '', 'http://tool')
  response.setHeader('x-asked', searchParams.get('nr') ?? '')
  if (searchParams.get('framing') === 'length') response.setHeader('content-length', body.length)
  if (searchParams.get('framing') === 'close') response.setHeader('connection', 'close')
  const at = Math.floor(Math.random() * body.length)
  if (Math.random() < 0.5) return void response.end(body)
  response.write(body.subarray(0, at))
  setImmediate(() => response.end(body.subarray(at)))
})
const { origin } = await startStack(t, {
  config: { routes: [{ name: 'open', path: '/open', upstream: tool.url, access: 'public' }] },
})

t.test('of many requests at once each gets its own answer, byte for byte', async (t) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 24 })
  t.teardown(() => agent.destroy())
  const wrong: string[] = []

  async function ask(nr: number): Promise<void> {
    const body = randomBytes(sizes[nr % sizes.length] ?? 0)
    const framing = ['length', 'chunked', 'close'][nr % 3]
    const headers = nr % 2 === 0 ? { 'content-length': body.length } : { 'transfer-encoding': 'chunked' }
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const url = `${origin}/open?nr=${nr}&framing=${framing}`
      request(url, { method: 'POST', agent, headers }, resolve).on('error', reject).end(body)
    })
    const received = await buffer(answer)
    const isSame = answer.headers['x-asked'] === String(nr) && sha256(received) === sha256(body)
    if (!isSame) wrong.push(`${nr}: ${answer.statusCode}, ${received.length} of ${body.length} bytes, ${framing}`)
  }
  await Promise.all(Array.from({ length: 240 }, (_, nr) => ask(nr)))

  t.strictSame(wrong, [])
})

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
