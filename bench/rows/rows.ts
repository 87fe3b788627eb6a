import { benchBinaries, findBinary, oauth2Proxy } from '../../test/support/binaries.ts'
import type { Run } from '../ending.ts'
import type { Stage } from '../parts/stage.ts'
import { cores } from '../pinned.ts'
import { sessionCookie, startGateway, withoutCache } from '../subjects/gateway.ts'
import { oauth2ProxyCookie, startOauth2Proxy } from '../subjects/oauth2-proxy.ts'
import { openidcCookie, startOpenidc } from '../subjects/openidc.ts'
import { startBare, startNginxProxy } from '../subjects/plain.ts'
import { createVisitors } from '../subjects/sessions.ts'
import { type Subject, seesBearer, seesNobody, signIn } from '../subjects/subject.ts'
import { allowClient, toolsCall } from '../subjects/tools-call.ts'
import type { LeftOut, Row } from './row.ts'

type Prepared = readonly (Row | LeftOut)[]

/** What makes some rows; it starts what they need. */
interface Preparation {
  readonly ids: readonly string[]
  readonly prepare: (run: Run, stage: Stage) => Promise<Prepared>
}

const rotating = 10_000
const many = rotating.toLocaleString('en')

/** In the order of the table. */
export const preparations: readonly Preparation[] = [
  { ids: ['memory', 'public'], prepare: withMemory },
  { ids: ['redis', 'rotating'], prepare: withRedis },
  { ids: ['uncached', 'uncached-rotating'], prepare: uncached },
  { ids: ['post', 'tools-call'], prepare: posts },
  { ids: ['one-worker', 'two-workers'], prepare: workers },
  { ids: ['bare'], prepare: async (run, stage) => [anonymous('bare', bareTitle, await startBare(run, stage))] },
  { ids: ['nginx'], prepare: nginx },
  { ids: ['openidc'], prepare: openidc },
  { ids: ['oauth2-proxy'], prepare: oauth2 },
]

const bareTitle = '`@fastify/http-proxy`, no authentication'

async function withMemory(run: Run, stage: Stage): Promise<Prepared> {
  const subject = await startGateway(run, stage, { store: 'memory' })
  return [
    await signedIn('memory', 'toolgate, signed in, memory store', subject, sessionCookie),
    anonymous('public', 'toolgate, public route', subject),
  ]
}

async function withRedis(run: Run, stage: Stage): Promise<Prepared> {
  const subject = await startGateway(run, stage, { store: 'redis' })
  return oneAndMany(
    stage,
    subject,
    signedRow('redis', 'toolgate, signed in, Redis', subject),
    signedRow('rotating', `toolgate, Redis, ${many} sessions in turn`, subject),
  )
}

async function uncached(run: Run, stage: Stage): Promise<Prepared> {
  const subject = await startGateway(run, stage, { store: 'redis', node: withoutCache })
  return oneAndMany(
    stage,
    subject,
    signedRow('uncached', 'toolgate, Redis, read for each request', subject),
    signedRow('uncached-rotating', `the same, ${many} sessions in turn`, subject),
  )
}

/** A row of one session, and one of many in turn. */
async function oneAndMany(
  stage: Stage,
  subject: Subject,
  one: ReturnType<typeof signedRow>,
  all: ReturnType<typeof signedRow>,
): Promise<Prepared> {
  const visitor = await signIn(subject, sessionCookie)
  const { file, visitors } = await createVisitors(stage, visitor, rotating)
  const some = [0, rotating / 2, rotating - 1].flatMap((at) => visitors[at] ?? [])
  return [
    { ...one, cookie: visitor.cookie, check: () => seesBearer(subject, visitor) },
    {
      ...all,
      cookieFile: file,
      check: async () => void (await Promise.all(some.map((each) => seesBearer(subject, each)))),
    },
  ]
}

/** The same message to a plain route, by the session, and to an MCP server, by a client in the same user's name. */
async function posts(run: Run, stage: Stage): Promise<Prepared> {
  const subject = await startGateway(run, stage, { store: 'redis' })
  const visitor = await signIn(subject, sessionCookie)
  const token = await allowClient(stage, visitor, `${subject.origin}/mcp`)
  const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
  const row = (id: string, title: string, path: string, headers: Record<string, string>): Row => ({
    ...{ id, title, subject, path: `${path}/data`, headers: { ...json, ...headers }, body: toolsCall },
    check() {
      const call = { method: 'POST', url: `${path}/seen`, headers: { ...json, ...headers }, body: toolsCall } as const
      return seesBearer(subject, visitor, call)
    },
  })
  return [
    row('post', 'toolgate, Redis, 1 KB by POST', '/signed', { cookie: visitor.cookie, origin: subject.origin }),
    row('tools-call', 'toolgate, Redis, the same as an MCP tools/call', '/mcp', { authorization: `Bearer ${token}` }),
  ]
}

/** On all cores, beside what is pinned to one of them and the load: how they share is up to the kernel. */
async function workers(run: Run, stage: Stage): Promise<Prepared> {
  const on = cores.all
  const one = await startGateway(run, stage, { store: 'redis', on })
  const two = await startGateway(run, stage, { store: 'redis', on, config: { workers: 2 } })
  return [
    { ...(await signedIn('one-worker', 'toolgate, Redis, one worker, both cores', one, sessionCookie)), on },
    { ...(await signedIn('two-workers', 'toolgate, Redis, two workers, both cores', two, sessionCookie)), on },
  ]
}

async function nginx(run: Run, stage: Stage): Promise<Prepared> {
  return [anonymous('nginx', 'nginx, plain proxy', await startNginxProxy(run, stage))]
}

async function openidc(run: Run, stage: Stage): Promise<Prepared> {
  const title = 'Apache, mod_auth_openidc, Redis'
  const isThere = [benchBinaries.apache, benchBinaries.openidc].every((binary) => findBinary(binary) !== undefined)
  if (!isThere) return [leftOut('openidc', title, 'apache2 or libapache2-mod-auth-openidc is not installed')]
  return [await signedIn('openidc', title, await startOpenidc(run, stage), openidcCookie)]
}

async function oauth2(run: Run, stage: Stage): Promise<Prepared> {
  const title = 'oauth2-proxy, Redis'
  if (findBinary(oauth2Proxy) === undefined) return [leftOut('oauth2-proxy', title, 'it is not on the PATH')]
  return [await signedIn('oauth2-proxy', title, await startOauth2Proxy(run, stage), oauth2ProxyCookie)]
}

function signedRow(id: string, title: string, subject: Subject) {
  return { id, title, subject, path: '/signed/data' }
}

async function signedIn(id: string, title: string, subject: Subject, cookieName: RegExp): Promise<Row> {
  const visitor = await signIn(subject, cookieName)
  return {
    ...signedRow(id, title, subject),
    cookie: visitor.cookie,
    check: () => seesBearer(subject, visitor),
  }
}

function anonymous(id: string, title: string, subject: Subject): Row {
  return { id, title, subject, path: '/public/data', check: () => seesNobody(subject) }
}

function leftOut(id: string, title: string, because: string): LeftOut {
  return { id, title, because }
}
