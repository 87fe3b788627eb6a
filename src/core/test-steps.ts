import type { GatewayError } from './errors.ts'
import { causeIn, type Finding } from './finding.ts'
import { type CodeExchange, type Provider, ProviderError, type ProviderTokens } from './provider.ts'
import { missingScopes } from './replace-tokens.ts'

/** The steps of a test sign-in, in their order. */
export const testSteps = [
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

const maxText = 400

/** Whether the user info names the same user as the ID token. */
export async function tryUserInfo(provider: Provider, { accessToken, claims }: ProviderTokens): Promise<TestStep> {
  if (!provider.canSignIn) return skipped('user_info', 'This provider is connected, not signed in with')
  const sub = String(claims?.sub ?? '')
  const user = String(claims?.[provider.claimNames.user] ?? '')
  if (user === '') return failed('user_info', `The claim "${provider.claimNames.user}" is empty`)
  try {
    const answered = await provider.recheck({ accessToken, idToken: undefined }, { sub })
    return passed('user_info', `The user is ${user}${answered === undefined ? '; there is no user info to ask' : ''}`)
  } catch (error) {
    // Some give access tokens that are meant for others: the ID token has said who it is.
    if (error instanceof ProviderError && error.failure === 'invalid_grant') {
      return skipped('user_info', `It does not take the access token; by the ID token the user is ${user}`)
    }
    return failed('user_info', saidBy(error))
  }
}

/** Whether all scopes that were asked for were granted. */
export function scopesGranted(asked: CodeExchange, { scopes }: ProviderTokens): TestStep {
  const missing = missingScopes(asked.scopes, scopes)
  return missing.length === 0
    ? passed('scopes', `Granted: ${scopes.join(' ')}`)
    : failed('scopes', `Not granted: ${missing.join(' ')}`)
}

/** A step that failed, with what the provider said, and what is known of its cause. */
export function failedBy(error: GatewayError, id: TestStep['id']): TestStep {
  const said = error.cause instanceof ProviderError ? saidBy(error.cause) : undefined
  const result = [said, error.finding ? causeIn(error.finding) : error.message].filter(Boolean).join('. ')
  return failed(id, result, error.finding)
}

/** A step that passed, and what came back. */
export function passed(id: TestStep['id'], result: string | undefined): TestStep {
  return { id, status: 'passed', result: result && short(result), finding: undefined }
}

/** A step that was not done, and why. */
export function skipped(id: TestStep['id'], result?: string): TestStep {
  return { id, status: 'skipped', result, finding: undefined }
}

/** A step that failed, and what came back. */
export function failed(id: TestStep['id'], result: string, finding?: Finding): TestStep {
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
export function saidBy(error: unknown): string {
  if (!(error instanceof ProviderError)) return 'failed'
  const said = [error.error, error.description].filter((text) => text !== undefined)
  return (
    said.join(': ') || (error.status === undefined ? 'No usable answer' : `No usable answer, status ${error.status}`)
  )
}
