import type { Clock } from './ports.ts'
import { type CookieChange, type Cookies, removed, type SealedCookies } from './sealed-cookies.ts'

/** Why somebody goes to a provider: to sign in, for more scopes, to link it, for an MCP client, or to see whether all is set up. */
export type Purpose = 'sign_in' | 'step_up' | 'connect' | 'consent' | 'test'

/** Everything between leaving for the provider and coming back. Lives in a sealed cookie of its own. */
export interface Attempt {
  readonly purpose: Purpose
  readonly provider: string
  readonly scopes: readonly string[]
  /** What is asked for when the provider refuses that; `undefined`: what every sign-in asks for. */
  readonly least: readonly string[] | undefined
  readonly nonce: string
  readonly codeVerifier: string
  readonly returnTo: string
  /** For all but sign-in: the session that it belongs to, if consent had one. It ends with any other as nothing. */
  readonly session: AttemptSession | undefined
  /** For a test: the route to call at its end. */
  readonly route: string | undefined
  /** For consent: what was consented to. */
  readonly approval: string | undefined
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  /** It replaces one that could not be finished; it is not replaced again. */
  readonly restarted: boolean
  /** Its code was sent once and no answer came: whether it is spent, nobody knows. */
  readonly tried: boolean
  /** The provider refused more: what it grants now is all there is, also where the stored set had more. */
  readonly narrow: boolean
}

/** A session as an attempt remembers it. */
export interface AttemptSession {
  readonly user: string
  readonly name: string
}

/** An attempt that came back, remembered for the back button and for telling loops. */
export interface UsedAttempt {
  readonly id: string
  readonly purpose: Purpose
  readonly returnTo: string
  /** Zero for one that is in no loop. */
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
const loopWindowMs = 60_000
const loopLimit = 3
/** Browsers drop a cookie over 4096 bytes; servers before us often refuse more than 8 KB of cookies in all. */
const maxAttemptBytes = 4800
const maxUsedBytes = 2800

interface AttemptsOptions {
  readonly sealed: SealedCookies
  /** The session cookie's name; ours begin with it. */
  readonly cookieName: string
  readonly now: Clock
}

/** Sealed cookies for attempts, one each, and one for those that were used. */
export function createAttempts({ sealed, cookieName, now }: AttemptsOptions) {
  const prefix = `${cookieName}.a.`
  const usedName = `${cookieName}.u`

  const read = (name: string, cookies: Cookies) => sealed.read<Attempt>('attempt', name, cookies)
  const usedAttempts = (cookies: Cookies) =>
    sealed.read<readonly UsedAttempt[]>('used attempts', usedName, cookies) ?? []

  /** As many as there is room for, at least the first. */
  function sealUses(uses: readonly UsedAttempt[]): CookieChange {
    const change = sealed.set('used attempts', usedName, uses, cookieSeconds)
    return change.value.length <= maxUsedBytes || uses.length === 1 ? change : sealUses(uses.slice(0, -1))
  }

  return {
    usedAttempts,

    /** The cookies that keep a new attempt; the oldest of too many go, and of those there is no room for. */
    keep(id: string, attempt: Attempt, cookies: Cookies): readonly CookieChange[] {
      const others = Object.keys(cookies)
        .filter((name) => name.startsWith(prefix))
        .map((name) => ({ name, startedAt: read(name, cookies)?.startedAt ?? 0 }))
        .sort((a, b) => b.startedAt - a.startedAt)
      const kept = sealed.set('attempt', prefix + id, attempt, cookieSeconds)
      let room = maxAttemptBytes - kept.value.length
      const dropped = others.filter(({ name }, index) => {
        room -= cookies[name]?.length ?? 0
        return index >= maxAttempts - 1 || room < 0
      })
      return [...dropped.map(({ name }) => removed(name)), kept]
    },

    /** This browser's attempt of that id, if it made one, and whether it is too old to finish. */
    find(id: string, cookies: Cookies): (Attempt & { readonly expired: boolean }) | undefined {
      const attempt = read(prefix + id, cookies)
      return attempt && { ...attempt, expired: attempt.startedAt + validMs <= now() }
    },

    /** The cookies that end an attempt and remember it. `isLast`: it does not lead to the provider once more. */
    use(id: string, attempt: Attempt, cookies: Cookies, isLast: boolean): readonly CookieChange[] {
      const { purpose, returnTo, restarted } = attempt
      const usedAt = isLast && mayLoop(purpose) ? now() : 0
      const use: UsedAttempt = { id, purpose, returnTo, usedAt, restarted }
      const uses = [use, ...usedAttempts(cookies)].slice(0, rememberedUses)
      return [removed(prefix + id), sealUses(uses)]
    },

    /** Whether it went to one address, and came back, too often within a minute. What starts with a button is in no loop. */
    isLooping({ purpose, returnTo }: Pick<Attempt, 'purpose' | 'returnTo'>, cookies: Cookies): boolean {
      if (!mayLoop(purpose)) return false
      const since = now() - loopWindowMs
      const uses = usedAttempts(cookies).filter((use) => use.returnTo === returnTo && use.usedAt > since)
      return uses.length >= loopLimit - 1
    },

    /** The cookie that still knows the used attempts, but no longer counts them: who signs out is in no loop. */
    forgive(cookies: Cookies): readonly CookieChange[] {
      const uses = usedAttempts(cookies).map((use) => ({ ...use, usedAt: 0 }))
      return uses.length === 0 ? [] : [sealUses(uses)]
    },
  }
}

function mayLoop(purpose: Purpose): boolean {
  return purpose === 'sign_in' || purpose === 'step_up'
}
