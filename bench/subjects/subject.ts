import { decodeJwt } from 'jose'
import { request } from 'undici'
import { createBrowser } from '../../test/support/browser.ts'
import type { Program } from '../../test/support/gateway-process.ts'
import { treeOf } from '../proc.ts'

/** Something that stands before the upstream and is measured. */
export interface Subject {
  readonly origin: string
  /** It and what it started. None for the upstream itself. */
  readonly pids: () => readonly number[]
  readonly program: Program | undefined
}

/** Somebody who is signed in at a subject. */
export interface Visitor {
  readonly cookie: string
  readonly sub: string
}

/** A POST. */
interface Call {
  readonly method: 'POST'
  readonly url: string
  readonly headers: Record<string, string>
  readonly body: string
}

/** A subject from its process. */
export function subjectOf(origin: string, program: Program): Subject {
  return { origin, pids: () => treeOf(program.pid), program }
}

/** Signs in at a subject as a person does. Gives the session's cookie alone, named by `cookieName`. */
export async function signIn({ origin }: Subject, cookieName: RegExp): Promise<Visitor> {
  const browser = createBrowser()
  const answer = await browser.signIn(`${origin}/signed/seen`)
  const cookies = [...browser.cookies(origin).values()].filter(({ name }) => cookieName.test(name))
  if (answer.status !== 200 || cookies.length === 0) {
    throw new Error(`no sign-in at ${origin}: ${answer.status} from ${answer.url}\n${answer.body.slice(0, 2000)}`)
  }
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
  return { cookie, sub: String(decodeJwt(bearerOf(answer.body)).sub) }
}

/** Throws unless the upstream is given a good bearer of this visitor when he, or a client in his name, asks. */
export async function seesBearer({ origin }: Subject, { cookie, sub }: Visitor, call?: Call): Promise<void> {
  const { url = '/signed/seen', ...sent } = call ?? { headers: { cookie } }
  const { statusCode, body } = await request(origin + url, sent)
  const claims = statusCode === 200 ? decodeJwt(bearerOf(await body.text())) : {}
  if (statusCode !== 200 || claims.sub !== sub || (claims.exp ?? 0) * 1000 < Date.now()) {
    throw new Error(`the upstream does not see the visitor's bearer (status ${statusCode}, sub ${claims.sub})`)
  }
}

/** Throws unless the upstream is asked, and is given no bearer. */
export async function seesNobody({ origin }: Subject): Promise<void> {
  const { statusCode, body } = await request(`${origin}/public/seen`)
  const seen = await body.text()
  if (statusCode !== 200 || seen !== '') throw new Error(`status ${statusCode}, the upstream sees '${seen}'`)
}

function bearerOf(authorization: string): string {
  const [, token] = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/.exec(authorization) ?? []
  if (token === undefined) throw new Error(`no bearer, but: ${authorization.slice(0, 200)}`)
  return token
}
