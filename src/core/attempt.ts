import type { Clock, Keyring } from './ports.ts'

/** Cookies as a browser sent them. */
export type Cookies = Readonly<Record<string, string | undefined>>

/** A cookie to set; `maxAgeSeconds` 0 removes it, `undefined` leaves it to the browser's session. */
export interface CookieChange {
  readonly name: string
  readonly value: string
  readonly maxAgeSeconds: number | undefined
}

/** Everything between leaving for the provider and coming back. Lives in a sealed cookie of its own. */
export interface Attempt {
  readonly purpose: 'sign_in'
  readonly provider: string
  readonly nonce: string
  readonly codeVerifier: string
  readonly returnTo: string
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  /** It replaces one that could not be finished; it is not replaced again. */
  readonly restarted: boolean
}

/** An attempt that came back, remembered for the back button and for telling loops. */
export interface UsedAttempt {
  readonly id: string
  readonly returnTo: string
  readonly usedAt: number
  readonly restarted: boolean
}

/** Where attempts are kept: in the browser that made them. See `createAttempts`. */
export type Attempts = ReturnType<typeof createAttempts>

const validMs = 10 * 60_000
/** Longer than it is valid, so that a late return is known as late, and not as somebody else's. */
const cookieSeconds = 60 * 60
const maxAttempts = 5
const rememberedUses = 8
/** Browsers drop a cookie over 4096 bytes; servers before us often refuse more than 8 KB of cookies in all. */
const maxAttemptBytes = 4800
const maxUsedBytes = 2800

interface AttemptsOptions {
  readonly keyring: Keyring
  /** The session cookie's name; ours begin with it. */
  readonly cookieName: string
  readonly host: string
  readonly now: Clock
}

/** Sealed cookies for attempts, one each, and one for those that were used. */
export function createAttempts({ keyring, cookieName, host, now }: AttemptsOptions) {
  const prefix = `${cookieName}.a.`
  const usedName = `${cookieName}.u`

  function seal(purpose: string, name: string, value: unknown): string {
    return Buffer.from(keyring.seal(purpose, `${name}|${host}`, Buffer.from(JSON.stringify(value)))).toString(
      'base64url',
    )
  }

  function open<T>(purpose: string, name: string, cookies: Cookies): T | undefined {
    const value = cookies[name]
    if (value === undefined || value.length > 8192) return undefined
    const plain = keyring.open(purpose, `${name}|${host}`, Buffer.from(value, 'base64url'))
    return plain === undefined ? undefined : JSON.parse(Buffer.from(plain).toString())
  }

  function usedAttempts(cookies: Cookies): readonly UsedAttempt[] {
    return open<readonly UsedAttempt[]>('used attempts', usedName, cookies) ?? []
  }

  /** As many as there is room for, at least the first. */
  function sealUses(uses: readonly UsedAttempt[]): string {
    const value = seal('used attempts', usedName, uses)
    return value.length <= maxUsedBytes || uses.length === 1 ? value : sealUses(uses.slice(0, -1))
  }

  return {
    usedAttempts,

    /** The cookies that keep a new attempt; the oldest of too many go, and of those there is no room for. */
    keep(id: string, attempt: Attempt, cookies: Cookies): readonly CookieChange[] {
      const others = Object.keys(cookies)
        .filter((name) => name.startsWith(prefix))
        .map((name) => ({ name, startedAt: open<Attempt>('attempt', name, cookies)?.startedAt ?? 0 }))
        .sort((a, b) => b.startedAt - a.startedAt)
      const name = prefix + id
      const value = seal('attempt', name, attempt)
      let room = maxAttemptBytes - value.length
      const dropped = others.filter((other, index) => {
        room -= cookies[other.name]?.length ?? 0
        return index >= maxAttempts - 1 || room < 0
      })
      return [
        ...dropped.map((other) => ({ name: other.name, value: '', maxAgeSeconds: 0 })),
        { name, value, maxAgeSeconds: cookieSeconds },
      ]
    },

    /** This browser's attempt of that id, if it made one, and whether it is too old to finish. */
    find(id: string, cookies: Cookies): (Attempt & { readonly expired: boolean }) | undefined {
      const attempt = open<Attempt>('attempt', prefix + id, cookies)
      return attempt && { ...attempt, expired: attempt.startedAt + validMs <= now() }
    },

    /** The cookies that end an attempt and remember it. */
    use(id: string, attempt: Attempt, cookies: Cookies): readonly CookieChange[] {
      const use: UsedAttempt = { id, returnTo: attempt.returnTo, usedAt: now(), restarted: attempt.restarted }
      const uses = [use, ...usedAttempts(cookies)].slice(0, rememberedUses)
      return [
        { name: prefix + id, value: '', maxAgeSeconds: 0 },
        { name: usedName, value: sealUses(uses), maxAgeSeconds: cookieSeconds },
      ]
    },
  }
}
