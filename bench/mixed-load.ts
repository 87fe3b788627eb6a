import { setTimeout } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { createBrowser } from '../test/support/browser.ts'
import { sessionCookie } from './subjects/gateway.ts'
import { type Subject, signIn } from './subjects/subject.ts'
import { download, firstEvent, type Target, upload } from './transfer.ts'

/** One kind of use, how often it was done, and what did not go as it should. */
export interface Kind {
  readonly name: string
  readonly done: number
  readonly strange: readonly string[]
}

/** What one client does again and again, with pauses between. It throws when the answer is not what it should be. */
interface Use {
  readonly name: string
  readonly clients: number
  readonly pauseMs: number
  readonly once: () => Promise<void>
}

/** Uses a gateway in all ways at once until `stop`: gives what was done. */
export async function mixedLoad(gateway: Subject, stop: AbortSignal): Promise<readonly Kind[]> {
  const agent = new Agent({ connections: 64 })
  const { cookie } = await signIn(gateway, sessionCookie)
  const kinds = usesOf(gateway, cookie, agent).map((use) => ({ use, done: 0, strange: [] as string[] }))

  async function client(kind: (typeof kinds)[number]): Promise<void> {
    while (!stop.aborted) {
      try {
        await kind.use.once()
        kind.done += 1
      } catch (error) {
        kind.strange.push(error instanceof Error ? error.message : String(error))
      }
      await setTimeout(kind.use.pauseMs)
    }
  }

  await Promise.all(kinds.flatMap((kind) => Array.from({ length: kind.use.clients }, () => client(kind))))
  await agent.destroy()
  return kinds.map(({ use: { name }, done, strange }) => ({ name, done, strange }))
}

function usesOf({ origin }: Subject, cookie: string, agent: Agent): readonly Use[] {
  const to = (path: string): Target => ({ url: `${origin}/signed${path}`, cookie })

  async function get(path: string, wanted: number, headers: Record<string, string> = {}): Promise<void> {
    const { statusCode, body } = await request(origin + path, { dispatcher: agent, headers })
    await body.dump()
    if (statusCode !== wanted) throw new Error(`${path}: ${statusCode}`)
  }

  return [
    { name: 'requests, signed in', clients: 20, pauseMs: 20, once: () => get('/signed/data', 200, { cookie }) },
    { name: 'requests, public', clients: 5, pauseMs: 20, once: () => get('/public/data', 200) },
    { name: 'requests, refused', clients: 2, pauseMs: 50, once: () => get('/signed/data', 401) },
    { name: 'requests, no route', clients: 1, pauseMs: 50, once: () => get('/nowhere', 404) },
    { name: '1 MB down', clients: 2, pauseMs: 200, once: async () => void (await download(to('/1mb'), 1e6)) },
    { name: '1 MB up', clients: 2, pauseMs: 200, once: async () => void (await upload(to('-tool/sink'), 1e6)) },
    {
      name: 'events, then gone',
      clients: 5,
      pauseMs: 500,
      once: async () => void (await firstEvent(to('-tool/events'))),
    },
    { name: '100 MB down, then gone', clients: 1, pauseMs: 1000, once: () => abandon(to('/100mb')) },
    { name: 'sign-in and sign-out', clients: 1, pauseMs: 500, once: () => visit(origin) },
  ]
}

/** Begins to read a large body, and goes. */
async function abandon({ url, cookie = '' }: Target): Promise<void> {
  const { statusCode, body } = await request(url, { headers: { cookie } })
  if (statusCode !== 200) throw new Error(`${url}: ${statusCode}`)
  for await (const _piece of body) break
}

async function visit(origin: string): Promise<void> {
  const browser = createBrowser()
  const { status } = await browser.signIn(`${origin}/signed/seen`)
  if (status !== 200) throw new Error(`sign-in: ${status}`)
  const headers = { origin, 'sec-fetch-site': 'same-origin' }
  const answer = await browser.load(`${origin}/oauth/sign-out`, { method: 'POST', headers, form: {} })
  if (answer.status !== 302 && answer.status !== 303)
    throw new Error(`sign-out: ${answer.status}: ${/<h1[^>]*>([^<]*)/.exec(answer.body)?.[1]}`)
}
