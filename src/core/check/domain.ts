import { type Finding, findingsAbout } from '../finding.ts'
import { type AuthorizeReading, isClientKnown } from './authorize.ts'
import { consoleOf } from './console.ts'
import type { DiscoveryReading } from './discovery.ts'
import type { CheckedProvider } from './provider.ts'

/**
 * Whether the user pool and the domain belong together. `otherDomainKnowsClient`: whether the domain that the pool
 * announces in the place of the config's knows the client, which only the domains of one pool do.
 */
export function domainFindings(
  provider: CheckedProvider,
  discovery: DiscoveryReading | undefined,
  authorize: AuthorizeReading,
  otherDomainKnowsClient: boolean,
): readonly Finding[] {
  const { ok, problem, warning, unknown } = findingsAbout(`provider ${provider.name}`)
  const question = 'Do the user pool and the domain belong together?'
  const key = (name: string) => `providers.${provider.name}.${name}`
  const place = consoleOf(provider)
  const domain = new URL(provider.authorizationEndpoint).origin
  const said = discovery?.said ?? ''

  switch (discovery?.verdict) {
    case 'no_domain':
      return [
        problem(question, `The user pool has no domain: ${said}.`, {
          remedy: `Create a domain for the user pool and put its address into ${key('domain')}.`,
          where: place.domain,
        }),
      ]
    case 'absent':
      return [
        problem(question, `There is no such user pool: ${said} at ${provider.issuer}.`, {
          remedy: `Copy the user pool ID into ${key('user_pool_id')}; it begins with the region.`,
          where: `${place.overview} > User pool ID`,
        }),
        ...absentFindings(provider, authorize),
      ]
    case 'other_issuer':
      return [
        problem(question, `The issuer is another: ${said}.`, {
          remedy: `Set ${key('issuer')} to what the pool calls itself.`,
          paste: discovery?.issuer ?? '',
          where: place.overview,
        }),
        ...absentFindings(provider, authorize),
      ]
    case 'other_domain': {
      const announced = new URL(discovery?.authorizationEndpoint ?? domain).origin
      if (otherDomainKnowsClient && isClientKnown(authorize)) {
        return [
          warning(question, `Yes, but the pool announces another of its domains, ${announced}.`, {
            remedy: `Nothing has to change. To use that one, set ${key('domain')} to it.`,
          }),
        ]
      }
      return [
        problem(question, `No: the pool announces ${announced}, the config has ${domain}.`, {
          remedy: `Set ${key('domain')} to the pool's, or ${key('user_pool_id')} to the pool of ${domain}.`,
          paste: announced,
          where: place.domain,
        }),
      ]
    }
    case 'unknown':
      return [
        unknown(question, `Nobody could be asked at ${provider.issuer}: ${said}.`, {
          remedy: `See that this machine reaches it, and that ${key('user_pool_id')} begins with the right region.`,
        }),
        ...absentFindings(provider, authorize),
      ]
    case 'matches':
      return [ok(question, `Yes: ${said}.`), ...absentFindings(provider, authorize)]
    case undefined:
      return absentFindings(provider, authorize)
  }
}

/** Without the pool's own word, a domain where nothing answers has two possible causes. */
function absentFindings(provider: CheckedProvider, authorize: AuthorizeReading): readonly Finding[] {
  if (authorize.verdict !== 'absent') return []
  const { problem } = findingsAbout(`provider ${provider.name}`)
  return [
    problem('Is there a user pool domain?', `Not at ${provider.authorizationEndpoint}: ${authorize.said}.`, {
      remedy: `Either the pool has no domain, then create one; or providers.${provider.name}.domain is not its address.`,
      where: consoleOf(provider).domain,
    }),
  ]
}
