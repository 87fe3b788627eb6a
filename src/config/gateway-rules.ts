import { readStoreUrl } from '../core/store-address.ts'
import { childPath, type Findings } from './findings.ts'
import type { Draft } from './schema.ts'
import { parseDuration } from './units.ts'

/** The rules over the gateway's own keys. */
export function checkGateway(draft: Draft, findings: Findings): void {
  checkListeners(draft, findings)
  checkForwardAuth(draft, findings)
  checkWorkers(draft, findings)
  checkStore(draft, findings)
  checkEncryptionKeys(draft, findings)
  checkSessions(draft, findings)
}

type Listener = Draft['admin']

function checkListeners({ listen, admin, forward_auth: auth }: Draft, { problem }: Findings): void {
  if (clash(listen, admin)) {
    problem('admin.port', 'must differ from listen.port; health and metrics are never on the public port')
  }
  if (clash(listen, auth)) {
    problem('forward_auth.port', 'must differ from listen.port; what proxies ask is never on the public port')
  }
  if (clash(admin, auth)) problem('forward_auth.port', 'must differ from admin.port')
}

function clash(one: Listener, other: Listener): boolean {
  if (one?.port === undefined || one.port === 0 || one.port !== other?.port) return false
  return one.host === other.host || isEveryAddress(one.host) || isEveryAddress(other.host)
}

function checkForwardAuth({ forward_auth: auth, trusted_proxies: trusted, routes = [] }: Draft, findings: Findings) {
  if (auth === undefined) return
  if (trusted?.length === 0) {
    findings.problem(
      'forward_auth',
      'needs trusted_proxies: whoever asks there says whose request it is; name the addresses your proxy connects from',
    )
  }
  if (!routes.some((route) => route?.forward_auth)) {
    findings.warning('forward_auth', 'no route has forward_auth: true, so every question there is answered 404')
  }
}

function checkWorkers({ workers = 1, store, providers = {} }: Draft, { problem }: Findings): void {
  if (workers > 1 && store?.url === 'memory:') {
    problem('workers', 'share no memory: set store.url to redis://HOST:PORT, or workers to 1')
  }
  for (const [name, provider] of Object.entries(providers)) {
    if (provider?.max_rate !== undefined && provider.max_rate < workers) {
      problem(
        `${childPath('providers', name)}.max_rate`,
        `must be at least ${workers}: each of the workers gets its part`,
      )
    }
  }
}

function checkStore({ store }: Draft, { problem }: Findings): void {
  const address = readStoreUrl(store?.url ?? '')
  const isRedis = typeof address !== 'string'
  if (store?.url === undefined || (store.url !== 'memory:' && !isRedis)) return
  if (store.tls !== undefined && !(isRedis && address.tls)) {
    problem('store.tls', 'needs a rediss:// address; change store.url or remove tls')
  }
  if (store.sentinel !== undefined && !(isRedis && address.form === 'sentinel')) {
    problem('store.sentinel', 'needs a redis+sentinel:// address; change store.url or remove sentinel')
  }
  if (store.tls !== undefined && 'client_cert' in store.tls !== 'client_key' in store.tls) {
    problem('store.tls', 'client_cert and client_key belong together; add the other one')
  }
}

function checkEncryptionKeys({ store, encryption_keys: keys }: Draft, { problem }: Findings): void {
  if (keys?.length === 0 && store?.url !== undefined && store.url !== 'memory:') {
    problem('encryption_keys', 'is missing; this store needs one, make it with: toolgate keys new')
  }
  for (const [index, key] of keys?.entries() ?? []) {
    if (key !== undefined && keys?.indexOf(key) !== index) {
      problem(childPath('encryption_keys', index), 'is the same key again; remove it')
    }
  }
}

function checkSessions({ sessions }: Draft, { problem }: Findings): void {
  if (sessions?.idle === undefined || sessions.absolute === undefined) return
  if (parseDuration(sessions.idle) > parseDuration(sessions.absolute)) {
    problem('sessions.idle', 'must not be longer than sessions.absolute')
  }
}

const isEveryAddress = (host: string | undefined): boolean => host === '0.0.0.0' || host === '::'
