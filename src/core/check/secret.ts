import { type Finding, findingsAbout } from '../finding.ts'
import { consoleOf } from './console.ts'
import type { CheckedProvider } from './provider.ts'
import type { TokenReading, TokenReadings } from './token.ts'

/** How the client and the secret of the config go together. */
export type SecretVerdict =
  | 'accepted'
  | 'none_needed'
  | 'missing'
  | 'wrong'
  | 'public_client'
  | 'wrong_or_public'
  | 'client_or_secret'
  | 'unknown'

const isFine = ({ verdict }: TokenReading) => verdict === 'accepted' || verdict === 'no_refresh'

/**
 * Judges by the answer without the secret, and the one with it where the config has one. `isClientKnown`: something
 * else proves the client; otherwise a refusal may be about its id.
 */
export function judgeSecret({ without, withSecret }: TokenReadings, isClientKnown: boolean): SecretVerdict {
  if (withSecret === undefined) {
    if (isFine(without)) return 'none_needed'
    if (without.verdict === 'unknown') return 'unknown'
    return without.verdict === 'secret_wanted' || isClientKnown ? 'missing' : 'client_or_secret'
  }
  if (isFine(withSecret)) return 'accepted'
  if (withSecret.verdict === 'unknown') return 'unknown'
  if (isFine(without)) return 'public_client'
  if (without.verdict === 'secret_wanted') return 'wrong'
  if (!isClientKnown) return 'client_or_secret'
  return without.verdict === 'unknown' ? 'wrong_or_public' : 'wrong'
}

/** What the token endpoint's answers mean. `isCodeFlowOn`: refreshing is not refused for want of the code flow. */
export function secretFindings(
  provider: CheckedProvider,
  token: TokenReadings,
  { isClientKnown, isCodeFlowOn }: { readonly isClientKnown: boolean; readonly isCodeFlowOn: boolean },
): readonly Finding[] {
  const { ok, problem, unknown } = findingsAbout(`provider ${provider.name}`)
  const key = `providers.${provider.name}.client_secret`
  const place = consoleOf(provider)
  const docs = 'docs/client-secret.md'
  const question = 'Is the client secret right?'
  const { said, verdict } = token.withSecret ?? token.without
  const answer = `The token endpoint says ${said}`
  const showSecret = { remedy: `Copy the client secret into ${key}.`, where: place.clientSecret, docs }

  const secretFinding = (): Finding => {
    switch (judgeSecret(token, isClientKnown)) {
      case 'accepted':
        return ok(question, 'Yes, it is accepted.')
      case 'none_needed':
        return ok(question, 'Yes: none is set, and the app client has none.')
      case 'missing':
        return problem(question, `It is missing. ${answer}: the app client has a secret.`, showSecret)
      case 'wrong':
        return problem(question, `No. ${answer}: the app client has another secret.`, showSecret)
      case 'public_client':
        return problem(question, `No. ${answer}: the app client has no secret.`, {
          remedy: `Remove ${key}. An app client made without a secret never gets one.`,
          where: place.client,
          docs,
        })
      case 'wrong_or_public':
        return problem(question, `No. ${answer}: the app client has another secret, or none.`, {
          remedy: `Copy the client secret into ${key}, or remove it where the console shows none.`,
          where: place.clientSecret,
          docs,
        })
      case 'client_or_secret':
        return problem(question, `No. ${answer}: the client ID is not known, or the secret is not right.`, {
          remedy: `Compare client_id and client_secret of providers.${provider.name} with the console.`,
          where: place.clientSecret,
          docs,
        })
      case 'unknown':
        return unknown(question, `Could not tell. At ${provider.tokenEndpoint}: ${said}.`)
    }
  }
  if (verdict !== 'no_refresh' || !isCodeFlowOn) return [secretFinding()]
  return [
    secretFinding(),
    problem('May the app client refresh tokens?', `No. ${answer}.`, {
      remedy: 'Allow refresh tokens (ALLOW_REFRESH_TOKEN_AUTH), or people are signed out when the first token ends.',
      where: place.authenticationFlows,
    }),
  ]
}
