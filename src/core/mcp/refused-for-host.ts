import type { Attempts } from '../attempt.ts'
import type { FailedAttempt, Redirection } from '../departure.ts'
import { GatewayError } from '../errors.ts'
import type { Cookies } from '../sealed-cookies.ts'
import type { ConsentedRequest } from './authorization.ts'
import { refusalTo } from './authorization-request.ts'
import { toldOf, toldWith } from './refused-consent.ts'

interface RefusedForHostOptions {
  readonly attemptsOn: (origin: string) => Attempts
  readonly consentedAt: (issuer: string) => ConsentedRequest
  readonly publicUrl: string
  readonly basePath: string
}

/** How a refusal of the provider's gets to the client of another host. See `createRefusedForHost`. */
export type RefusedForHost = ReturnType<typeof createRefusedForHost>

/** As `createRefusedConsent`, where consent was given at another host: only there is known to what. */
export function createRefusedForHost({ attemptsOn, consentedAt, publicUrl, basePath }: RefusedForHostOptions) {
  return {
    /** From `public_url` to that host. */
    send({ attempt: { purpose, returnTo }, error }: FailedAttempt): Redirection | undefined {
      const { pathname, searchParams } = new URL(returnTo, publicUrl)
      const attempt = searchParams.get('hand_over')
      const asked = URL.parse(searchParams.get('return_to') ?? '')
      const told = toldOf(error)
      if (purpose !== 'sign_in' || pathname !== `${basePath}/sign-in` || attempt === null || told === undefined)
        return undefined
      if (asked?.pathname !== `${basePath}/authorize`) return undefined
      const query = new URLSearchParams({ attempt, error: told.code })
      return { location: `${asked.origin}${basePath}/hand-over?${query}`, cookies: [] }
    },

    /** At that host, to the client. Throws `attempt_unknown` for what is no consent of this browser's. */
    async receive(id: string, error: string, origin: string, cookies: Cookies): Promise<Redirection> {
      const attempts = attemptsOn(origin)
      const attempt = attempts.find(id, cookies)
      const told = toldWith(error)
      if (attempt?.purpose !== 'consent' || attempt.expired || told === undefined) {
        throw new GatewayError('attempt_unknown')
      }
      const asked = await consentedAt(origin)(attempt)
      const location = asked === undefined ? attempt.returnTo : refusalTo(asked, told)
      return { location, cookies: attempts.use(id, attempt, cookies, true) }
    },
  }
}
