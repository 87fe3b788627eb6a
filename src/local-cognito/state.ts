import { milliseconds } from './config.ts'
import { createFaults, type Faults } from './faults.ts'
import { createKeys, type Keys } from './keys.ts'
import { createLog, type Log, type LogEntry } from './log.ts'
import type { Client, LocalCognitoConfig, PoolSettings, User } from './schema.ts'

/** What a user's sign-in gave a client; all tokens that come of it share it. */
export interface Grant {
  readonly clientId: string
  readonly username: string
  readonly scopes: readonly string[]
  readonly resource: string | undefined
  /** When the user signed in; it stays over refreshes. Milliseconds. */
  readonly authTime: number
  readonly originJti: string
  readonly eventId: string
}

/** An authorization code, usable once. Times in milliseconds. */
interface Code {
  readonly grant: Grant
  readonly nonce: string | undefined
  readonly redirectUri: string
  readonly challenge: string | undefined
  readonly redeemable: boolean
  readonly expiresAt: number
}

/** `expiresAt` ends the whole family; `usableUntil` is earlier once the token was rotated out. Milliseconds. */
interface RefreshToken {
  readonly grant: Grant
  readonly expiresAt: number
  readonly usableUntil: number
}

/** A browser that signed in. Milliseconds. */
export interface Session {
  readonly username: string
  readonly authTime: number
  readonly expiresAt: number
}

/** All that the look-alike remembers, and the switches that change it. */
export interface State {
  /** As announced, without trailing slash; known once the ports are bound. */
  readonly urls: { domain: string; issuer: string }
  readonly poolId: string
  readonly keys: Keys
  readonly faults: Faults
  readonly log: Log
  pool: PoolSettings
  readonly clients: Map<string, Client>
  readonly codes: Map<string, Code>
  readonly refreshTokens: Map<string, RefreshToken>
  readonly sessions: Map<string, Session>
  /** The `origin_jti` of every revoked sign-in. */
  readonly revoked: Set<string>
  /** How far the clock is moved, as a duration. */
  offset: string
  /** The moved clock, in milliseconds. Delays do not use it. */
  readonly now: () => number
  readonly user: (username: string) => User | undefined
  /** Everything as it was at the start; only the signing keys stay. */
  readonly reset: () => void
}

/** A fresh state for a checked configuration. `onRefusal` hears of every request that was turned down. */
export function createState(config: LocalCognitoConfig, onRefusal: (entry: LogEntry) => void): State {
  const { id, clients, ...pool } = config.pool
  const now = () => Date.now() + milliseconds(state.offset)
  const state: State = {
    urls: { domain: '', issuer: '' },
    poolId: id,
    keys: createKeys(),
    faults: createFaults(),
    log: createLog(now, onRefusal),
    pool,
    clients: new Map(),
    codes: new Map(),
    refreshTokens: new Map(),
    sessions: new Map(),
    revoked: new Set(),
    offset: '0s',
    now,
    user: (username) => state.pool.users.find((user) => user.username === username),
    reset: () => {
      state.pool = pool
      state.offset = '0s'
      state.faults.clear()
      state.log.clear()
      for (const kept of [state.clients, state.codes, state.refreshTokens, state.sessions, state.revoked]) kept.clear()
      for (const client of clients) state.clients.set(client.id, client)
    },
  }
  state.reset()
  return state
}
