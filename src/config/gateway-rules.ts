import { childPath, type Findings } from './findings.ts'
import type { Draft } from './schema.ts'
import { parseDuration } from './units.ts'

/** The rules over the gateway's own keys. */
export function checkGateway(draft: Draft, findings: Findings): void {
  checkListeners(draft, findings)
  checkWorkers(draft, findings)
  checkEncryptionKeys(draft, findings)
  checkSessions(draft, findings)
}

function checkListeners({ listen, admin }: Draft, { problem }: Findings): void {
  const clash = listen?.port !== undefined && listen.port !== 0 && listen.port === admin?.port
  if (clash && (listen.host === admin?.host || isEveryAddress(listen.host) || isEveryAddress(admin?.host))) {
    problem('admin.port', 'must differ from listen.port; health and metrics are never on the public port')
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
