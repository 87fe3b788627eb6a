import { type Finding, findingsAbout } from '../finding.ts'
import type { Authorization } from './authorization.ts'
import type { Verdict } from './authorize.ts'
import { consoleOf } from './console.ts'
import type { CheckedProvider } from './provider.ts'
import { difference, docsOfDifference } from './registered.ts'

/** What an authorization request needs, in the order in which it is checked. */
const steps = ['client', 'oauth', 'callback', 'flow', 'scope', 'login'] as const
type Step = (typeof steps)[number]

const questions: Readonly<Record<Step, string>> = {
  client: 'Is the client ID known?',
  oauth: 'Is OAuth on for the app client?',
  callback: 'Is the callback URL registered?',
  flow: 'Is the authorization code flow on?',
  scope: 'Are the scopes enabled?',
  login: 'Can the sign-in page be used?',
}

/** How many steps a verdict proves to be right. */
const proved: Readonly<Record<Verdict, number>> = {
  unknown: 0,
  absent: 0,
  refused: 0,
  client: 0,
  oauth: 1,
  callback: 2,
  flow: 3,
  refused_at_callback: 3,
  scope: 4,
  passed: 6,
}

/** What the authorization endpoint's answers mean. `isClientProved`: the token endpoint knows the client. */
export function authorizationFindings(
  provider: CheckedProvider,
  authorization: Authorization,
  isClientProved: boolean,
): readonly Finding[] {
  const { ok, problem, unknown } = findingsAbout(`provider ${provider.name}`)
  const { reading, registered, further, login } = authorization
  const accepted = 'Is the authorization request accepted?'
  if (reading.verdict === 'unknown') {
    return [
      unknown(accepted, `Nobody could be asked at ${provider.authorizationEndpoint}: ${reading.said}.`, {
        remedy: `See that this machine reaches it, and that providers.${provider.name}.domain has no typing error.`,
      }),
    ]
  }
  if (reading.verdict === 'refused') {
    return [
      problem(accepted, `No: ${reading.said}, for a reason not known here.`, {
        remedy: 'Compare the settings of the app client with the config.',
        where: consoleOf(provider).client,
      }),
    ]
  }

  const faults = new Map<Step, Finding>()
  if (registered.length > 0 || reading.verdict === 'callback') faults.set('callback', callbackFault())
  if (further.verdict === 'client') faults.set('client', clientFault())
  if (further.verdict === 'oauth') faults.set('oauth', oauthFault())
  if (further.verdict === 'flow') faults.set('flow', flowFault())
  if (further.verdict === 'refused_at_callback') faults.set('flow', refusal())
  if (further.verdict === 'scope') faults.set('scope', scopeFault())
  if (login !== undefined && login.verdict !== 'usable') faults.set('login', loginFault())

  const answers: Readonly<Record<Step, string>> = {
    client: `Yes: ${provider.clientId}`,
    oauth: 'Yes.',
    callback: `Yes: ${provider.redirectUri}`,
    flow: 'Yes.',
    scope: `Yes: ${provider.scopes.join(' ')}`,
    login: `Yes: ${login?.said ?? further.said}.`,
  }
  const isReached = (step: Step) => steps.indexOf(step) < proved[further.verdict]
  const told = steps.flatMap((step) => faults.get(step) ?? (isReached(step) ? ok(questions[step], answers[step]) : []))
  const unasked = steps.filter((step) => !faults.has(step) && !isReached(step)).map((step) => questions[step])
  return unasked.length === 0 ? told : [...told, unknown(unasked.join(' '), 'Not asked: the above comes first.')]

  function clientFault(): Finding {
    const idp = provider.authorizeParams.identity_provider ?? provider.authorizeParams.idp_identifier
    const enable = `enable the identity provider ${idp ?? 'COGNITO (the Cognito user pool)'} for the app client`
    const { clients, loginPages } = consoleOf(provider)
    if (isClientProved) {
      return problem('Is the identity provider enabled?', `No: ${reading.said}, and the client itself is known.`, {
        remedy: `Change authorize_params, or ${enable}.`,
        where: loginPages('Identity providers'),
      })
    }
    return problem(
      questions.client,
      `No: ${reading.said}. Either there is no client ${provider.clientId} in the pool of this domain, or its identity provider is off.`,
      {
        remedy: `Compare providers.${provider.name}.client_id with the console. If it is right, ${enable}.`,
        where: `${clients} > Client ID`,
      },
    )
  }

  function oauthFault(): Finding {
    return problem(
      questions.oauth,
      `No: ${reading.said}. Either OAuth is off for the app client, or the callback URL is not registered: Cognito says the same of both.`,
      {
        remedy: 'Choose the authorization code grant, the scopes and exactly this callback URL.',
        paste: provider.redirectUri,
        where: consoleOf(provider).loginPages('OAuth 2.0 grant types'),
        docs: 'docs/callback-mismatch.md',
      },
    )
  }

  function callbackFault(): Finding {
    const ours = provider.redirectUri
    const found = registered.map((url) => `${url} is, it differs in ${difference(ours, url)}`).join('; ')
    const unlike = 'no likely neighbour is either, so how the registered one differs is unknown'
    return problem(
      questions.callback,
      `No: ${reading.said}. ${ours} is not registered; ${registered.length > 0 ? found : unlike}.`,
      {
        remedy: 'Add exactly this to the allowed callback URLs; every character counts.',
        paste: ours,
        where: consoleOf(provider).loginPages('Allowed callback URLs'),
        docs: docsOfDifference(ours, registered),
      },
    )
  }

  function flowFault(): Finding {
    return problem(questions.flow, `No: ${further.said}.`, {
      remedy: 'Choose the authorization code grant.',
      where: consoleOf(provider).loginPages('OAuth 2.0 grant types'),
    })
  }

  function scopeFault(): Finding {
    const named = (verdict: string) =>
      authorization.scopes.filter((entry) => entry.verdict === verdict).map(({ scope }) => scope)
    const [refused, open] = [named('refused'), named('unknown')]
    const which = [
      refused.length > 0 ? `Asked one by one, not enabled: ${refused.join(' ')}` : '',
      open.length > 0 ? `Could not tell of: ${open.join(' ')}` : '',
      refused.length + open.length === 0 ? 'Each by itself is accepted, all together are not' : '',
    ].filter(Boolean)
    return problem(questions.scope, `No: ${further.said}. ${which.join('. ')}.`, {
      remedy: `Enable ${refused.join(' ') || 'the scopes'} for the app client, or take it out of the scopes of providers.${provider.name} or of the route that asks for it. A custom scope is made first, under Branding > Domain > Resource servers.`,
      where: consoleOf(provider).loginPages('OpenID Connect scopes, Custom scopes'),
      docs: 'docs/scope-not-enabled.md',
    })
  }

  function refusal(): Finding {
    return problem(accepted, `No: ${further.said}, for a reason not known here.`, {
      remedy: `Look at providers.${provider.name}.authorize_params first.`,
      where: consoleOf(provider).client,
    })
  }

  function loginFault(): Finding {
    if (login?.verdict === 'branding') {
      return problem(questions.login, `No: ${login.said}. Managed login has no branding style for this app client.`, {
        remedy: 'Create a style and assign it to the app client; the defaults will do.',
        where: consoleOf(provider).styles,
      })
    }
    if (login?.verdict === 'refused') {
      return problem(questions.login, `No: ${login.said}.`, {
        remedy: 'Compare the settings of the app client with the config.',
        where: consoleOf(provider).client,
      })
    }
    return unknown(questions.login, `Could not tell: ${login?.said}.`)
  }
}
