import { type Finding, findingsAbout } from '../finding.ts'
import { consoleOf } from './console.ts'
import { type Probe, type ProbeOutcome, shown, unanswered } from './probe.ts'
import type { CheckedProvider } from './provider.ts'
import { difference, docsOfDifference, findRegistered, neighbours } from './registered.ts'

/** Whether Cognito's `/logout` comes back to an address. */
export interface SignOutReading {
  readonly verdict: 'registered' | 'not_registered' | 'unknown'
  readonly said: string
}

export interface SignOut extends SignOutReading {
  /** Addresses like ours that are registered, when ours is not. */
  readonly registered: readonly string[]
}

/** Asks to be signed out without being signed in. `undefined` when the gateway never goes there. */
export async function askSignOut(provider: CheckedProvider, probe: Probe): Promise<SignOut | undefined> {
  const { endSessionEndpoint, signOut } = provider
  if (signOut !== 'cognito' || endSessionEndpoint === undefined) return undefined
  const ask = async (returnTo: string) => {
    const url = new URL(endSessionEndpoint)
    url.searchParams.set('client_id', provider.clientId)
    url.searchParams.set('logout_uri', returnTo)
    return readSignOut(await probe({ url: url.toString() }), url.toString(), returnTo)
  }

  const reading = await ask(provider.signedOutUrl)
  if (reading.verdict !== 'not_registered') return { ...reading, registered: [] }
  const nearest = neighbours(provider.signedOutUrl).slice(0, 1)
  const registered = await findRegistered(nearest, async (url) => (await ask(url)).verdict === 'registered')
  return { ...reading, registered }
}

/** Reads the answer of `url`. An address that is not registered counts as absent, so what is said is about another. */
export function readSignOut(outcome: ProbeOutcome, url: string, returnTo: string): SignOutReading {
  const why = unanswered(outcome)
  if (why !== undefined) return { verdict: 'unknown', said: why }
  if ('failure' in outcome) return { verdict: 'unknown', said: '' }
  const { status, location } = outcome
  if (location === returnTo) return { verdict: 'registered', said: 'it comes back' }
  const target = location === undefined ? null : URL.parse(location, url)
  if (target?.pathname === '/error') {
    return { verdict: 'not_registered', said: `the error page says "${shown(target.searchParams.get('error') ?? '')}"` }
  }
  if (status === 400) return { verdict: 'not_registered', said: '400, an error page' }
  return { verdict: 'unknown', said: `${status}, which is not how Cognito answers here` }
}

/** What the answers mean. */
export function signOutFindings(provider: CheckedProvider, signOut: SignOut | undefined): readonly Finding[] {
  if (signOut === undefined) return []
  const { ok, problem, unknown } = findingsAbout(`provider ${provider.name}`)
  const question = 'Is the sign-out URL registered?'
  const ours = provider.signedOutUrl
  const { verdict, said, registered } = signOut
  if (verdict === 'registered') return [ok(question, `Yes: ${ours}`)]
  if (verdict === 'unknown') return [unknown(question, `Could not tell. At ${provider.endSessionEndpoint}: ${said}.`)]
  const found = registered.map((url) => ` ${url} is, it differs in ${difference(ours, url)}.`).join('')
  return [
    problem(question, `No: ${said}. ${ours} is not registered.${found}`, {
      remedy: 'Add exactly this to the allowed sign-out URLs; every character counts.',
      paste: ours,
      where: consoleOf(provider).loginPages('Allowed sign-out URLs'),
      docs: docsOfDifference(ours, registered),
    }),
  ]
}
