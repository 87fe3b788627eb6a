import type { Attempt } from './attempt.ts'
import type { CallRoute } from './call-route.ts'
import type { FailedAttempt, Redirection } from './departure.ts'
import { causeIn, type Finding } from './finding.ts'
import type { Clock } from './ports.ts'
import { type Provider, ProviderError, type ProviderTokens } from './provider.ts'
import { missingScopes } from './replace-tokens.ts'
import type { Revoke } from './revoke.ts'
import type { Finished, Returned } from './round-trip.ts'
import type { Cookies, SealedCookies } from './sealed-cookies.ts'
import { newTokenSet, type TokenSet } from './token-set.ts'

/** The steps of a test sign-in, in their order. */
const testSteps = [
  'authorize',
  'callback',
  'code_exchange',
  'id_token',
  'user_info',
  'scopes',
  'refresh',
  'call',
] as const

/** How one step went. No token and no secret is in it. */
export interface TestStep {
  readonly id: (typeof testSteps)[number]
  readonly status: 'passed' | 'failed' | 'skipped'
  /** What came back. */
  readonly result: string | undefined
  /** What is wrong with the set-up, where that could be found out. */
  readonly finding: Pick<Finding, 'remedy' | 'paste' | 'where' | 'docs'> | undefined
}

/** What a test sign-in found. */
export interface TestReport {
  readonly provider: string
  /** The route that was to be called. */
  readonly route: string | undefined
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly endedAt: number
  readonly steps: readonly TestStep[]
}

interface TestSignInOptions {
  readonly sealed: SealedCookies
  readonly cookieName: string
  readonly discard: Revoke
  readonly callRoute: CallRoute
  readonly now: Clock
}

const keptSeconds = 600
/** So that the report fits into a cookie, of which browsers take 4096 bytes. */
const maxText = 400

/** See `createTestSignIn`. */
export type TestSignIn = ReturnType<typeof createTestSignIn>

/** A sign-in that changes nothing: what it receives is looked at, tried, discarded and forgotten; the report stays. */
export function createTestSignIn({ sealed, cookieName, discard, callRoute, now }: TestSignInOptions) {
  const name = `${cookieName}.t`

  function reported(attempt: Attempt, steps: readonly TestStep[]): Redirection {
    const { provider, route, startedAt } = attempt
    const report: TestReport = { provider, route, startedAt, endedAt: now(), steps: complete(steps) }
    return { location: attempt.returnTo, cookies: [sealed.set('test report', name, report, keptSeconds)] }
  }

  return {
    /** The report of this browser's last test, for ten minutes. */
    report(cookies: Cookies): TestReport | undefined {
      const report = sealed.read<TestReport>('test report', name, cookies)
      return report !== undefined && report.endedAt + keptSeconds * 1000 > now() ? report : undefined
    },

    async finish({ attempt, provider, tokens, at }: Returned): Promise<Finished> {
      const set = newTokenSet(tokens, provider, at, 'sign_in')
      const steps: TestStep[] = [
        passed('authorize', `Asked for ${attempt.scopes.join(' ')}`),
        passed('callback', 'The state was this attempt’s'),
        passed(
          'code_exchange',
          `Access token${tokens.refreshToken === undefined ? '' : ' and refresh token'} received`,
        ),
        tokens.idToken === undefined
          ? skipped('id_token')
          : passed('id_token', 'Signature, issuer, audience and nonce fit'),
        await tryUserInfo(provider, tokens),
        scopesGranted(attempt, tokens),
        await tryRefresh(provider, tokens),
        await tryCall(attempt, set),
      ]
      discard(provider.name, set)
      return reported(attempt, steps)
    },

    /** The report of a test that got no tokens. */
    failed({ attempt, error, step }: FailedAttempt): Redirection {
      const before = testSteps.slice(0, testSteps.indexOf(step)).map((id) => passed(id, undefined))
      const said = error.cause instanceof ProviderError ? saidBy(error.cause) : undefined
      const result = [said, error.finding ? causeIn(error.finding) : error.message].filter(Boolean).join('. ')
      return reported(attempt, [...before, failed(step, result, error.finding)])
    },
  }

  async function tryRefresh(provider: Provider, { refreshToken, claims, scopes }: ProviderTokens): Promise<TestStep> {
    if (refreshToken === undefined)
      return skipped('refresh', 'No refresh token: people sign in again when the access token ends')
    const sub = claims?.sub === undefined ? undefined : String(claims.sub)
    try {
      const renewed = await provider.refresh(refreshToken, { sub, scopes })
      if (renewed.refreshToken !== undefined) {
        discard(provider.name, newTokenSet(renewed, provider, now(), 'sign_in'))
        return passed('refresh', 'New tokens received, the refresh token rotates')
      }
      return passed('refresh', 'New tokens received')
    } catch (error) {
      return failed('refresh', saidBy(error))
    }
  }

  async function tryCall({ route, provider }: Attempt, set: TokenSet): Promise<TestStep> {
    if (route === undefined) return skipped('call', 'No tool was chosen')
    try {
      const status = await callRoute(route, provider, set)
      const result = `${route} answered ${status}`
      return status === 401 || status === 403 || status >= 500 ? failed('call', result) : passed('call', result)
    } catch {
      return failed('call', `${route} did not answer`)
    }
  }
}

async function tryUserInfo(provider: Provider, { accessToken, claims }: ProviderTokens): Promise<TestStep> {
  if (!provider.canSignIn) return skipped('user_info', 'This provider is connected, not signed in with')
  const sub = String(claims?.sub ?? '')
  const user = String(claims?.[provider.claimNames.user] ?? '')
  if (user === '') return failed('user_info', `The claim "${provider.claimNames.user}" is empty`)
  try {
    const answered = await provider.recheck(accessToken, sub)
    return passed('user_info', `The user is ${user}${answered === undefined ? '; there is no user info to ask' : ''}`)
  } catch (error) {
    // Some give access tokens that are meant for others: the ID token has said who it is.
    if (error instanceof ProviderError && error.failure === 'invalid_grant') {
      return skipped('user_info', `It does not take the access token; by the ID token the user is ${user}`)
    }
    return failed('user_info', saidBy(error))
  }
}

function scopesGranted(attempt: Attempt, { scopes }: ProviderTokens): TestStep {
  const missing = missingScopes(attempt.scopes, scopes)
  return missing.length === 0
    ? passed('scopes', `Granted: ${scopes.join(' ')}`)
    : failed('scopes', `Not granted: ${missing.join(' ')}`)
}

function complete(steps: readonly TestStep[]): readonly TestStep[] {
  return testSteps.map((id) => steps.find((step) => step.id === id) ?? skipped(id))
}

function passed(id: TestStep['id'], result: string | undefined): TestStep {
  return { id, status: 'passed', result: result && short(result), finding: undefined }
}

function skipped(id: TestStep['id'], result?: string): TestStep {
  return { id, status: 'skipped', result, finding: undefined }
}

function failed(id: TestStep['id'], result: string, finding?: Finding): TestStep {
  return { id, status: 'failed', result: short(result), finding: finding && helpOf(finding) }
}

function helpOf({ remedy, paste, where, docs }: Finding): TestStep['finding'] {
  return {
    ...(remedy && { remedy: short(remedy) }),
    ...(paste && { paste }),
    ...(where && { where }),
    ...(docs && { docs }),
  }
}

const short = (text: string) => (text.length <= maxText ? text : `${text.slice(0, maxText - 1)}…`)

/** What a provider said when it refused. */
function saidBy(error: unknown): string {
  if (!(error instanceof ProviderError)) return 'failed'
  const said = [error.error, error.description].filter((text) => text !== undefined)
  return (
    said.join(': ') || (error.status === undefined ? 'No usable answer' : `No usable answer, status ${error.status}`)
  )
}
