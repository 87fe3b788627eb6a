import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { createKeyring } from '../../src/adapters/keyring.ts'
import { createRedisStore } from '../../src/adapters/redis/store.ts'
import { createUserStore } from '../../src/core/user-store.ts'
import type { Stage } from '../parts/stage.ts'
import { encryptionKey, keyPrefix } from './gateway.ts'
import type { Visitor } from './subject.ts'

const provider = 'cognito'
const hour = 3_600_000

/** Many visitors, and a file with the cookie of each. */
export interface Visitors {
  readonly file: string
  readonly visitors: readonly Visitor[]
}

/**
 * Signs in `count` users by writing into Redis what a sign-in would: a session and a token set each, after the model of
 * one real visitor, every access token another. Signing in at the provider that often would take minutes.
 */
export async function createVisitors(stage: Stage, model: Visitor, count: number): Promise<Visitors> {
  const { records } = createRedisStore({ url: stage.redis.url, keyPrefix })
  const keyring = createKeyring([Buffer.from(encryptionKey, 'base64')])
  const lifetimes = { idleMs: 12 * hour, absoluteMs: 720 * hour }
  const store = createUserStore({ records, keyring, lifetimes, now: Date.now })
  const held = await store.readSession(model.cookie.replace('toolgate=', ''), [provider])
  const set = held?.tokens.get(provider)?.set
  if (set === undefined) throw new Error('the model visitor has no session in Redis')

  async function create(sub: string): Promise<Visitor> {
    const user = await store.userHash(provider, sub)
    const accessToken = tokenFor(sub, set?.accessToken ?? '')
    await store.writeTokens(user, provider, { ...set!, accessToken, claims: { ...set!.claims, sub } }, { new: true })
    const { cookie } = await store.createSession(user, { provider, sub })
    return { cookie: `toolgate=${cookie}`, sub }
  }

  const visitors: Visitor[] = []
  while (visitors.length < count) {
    const batch = Array.from({ length: Math.min(100, count - visitors.length) }, () => create(crypto.randomUUID()))
    visitors.push(...(await Promise.all(batch)))
  }
  await records.close()
  const file = join(stage.folder, 'cookies')
  writeFileSync(file, visitors.map(({ cookie }) => cookie).join('\n'))
  return { file, visitors }
}

/** The model's token for somebody else. Its signature is wrong then, which the upstream here does not look at. */
function tokenFor(sub: string, token: string): string {
  const [header, , signature] = token.split('.')
  const claims = Buffer.from(JSON.stringify({ ...decodeJwt(token), sub })).toString('base64url')
  return `${header}.${claims}.${signature}`
}
