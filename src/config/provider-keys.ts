import Type from 'typebox'
import {
  duration,
  isNotStandIn,
  isOwnHost,
  isSecureOrigin,
  parseUrl,
  type Rule,
  type Shown,
  secret,
  text,
  url,
  withScheme,
  word,
} from './leaves.ts'

/** How a value that was left as documentation has it is told apart, and what to put there. */
export interface Real {
  readonly isReal: (value: string) => boolean
  /** As in: put WHAT here. */
  readonly what: string
  /** Where the provider shows it. */
  readonly where: string
}

/** An https origin; a missing scheme is https, slashes at its end are taken off. */
export function domain(shown: Shown, { isReal, what, where }: Real, ...rules: readonly Rule[]) {
  return Type.Decode(
    text(
      shown,
      [(value) => isReal(value) && isOwnHost(value), `is a placeholder; put ${what} here (${where})`],
      [(value) => parseUrl(withScheme(value)) !== undefined, `must be the address of ${what}`],
      ...rules,
      [(value) => isSecureOrigin(withScheme(value)), 'must be https:// and a host, without a path, user name or query'],
    ),
    (value) => new URL(withScheme(value)).origin,
  )
}

/** An address of the provider, as its metadata names it: kept to the letter. */
export function endpoint(description: string, example: string) {
  return url({ description, examples: [example] }, {}, [
    isOwnHost,
    'is a placeholder; put the address of your provider here',
  ])
}

/** The client as the provider knows it. */
export function clientId(shown: Shown, { isReal, where }: Omit<Real, 'what'>) {
  return text(
    shown,
    [(value) => isReal(value) && isNotStandIn(value), `is a placeholder; put your client ID here (${where})`],
    [(value) => /^[\x21-\x7e]+$/.test(value), 'must be the client ID alone, without spaces'],
  )
}

/** The client of a provider whose console we do not know. */
export const registeredClientId = clientId(
  { description: 'The client registered at the provider.', examples: ['toolgate'] },
  { isReal: () => true, where: 'your provider shows it where the client is registered' },
)

export function clientSecret(variable: string) {
  return secret({
    description: 'Its client secret. Leave it out when the client has none.',
    examples: [`\${${variable}}`],
  })
}

/** RFC 6749 section 2.3.1. */
export const clientAuthentication = word(['client_secret_basic', 'client_secret_post'], {
  description: 'How the client secret travels: in the Authorization header, or in the body.',
  default: 'client_secret_basic',
})

/** One scope: RFC 6749 section 3.3. */
export function scope(example: string, ...rules: readonly Rule[]) {
  return text({ description: 'One scope.', examples: [example] }, ...rules, [
    (value) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(value),
    'must be one scope; write each as its own list item',
  ])
}

export function scopes(written: readonly string[], item = scope('openid')) {
  return Type.Array(item, {
    description: 'What every sign-in asks for. Each must be allowed for the client.',
    default: [...written],
    minItems: 1,
  })
}

const claim = (written: string, what: string) =>
  text({ description: `The claim that holds ${what}.`, default: written })

/** The claims of an ID token. */
export function idTokenClaims(groups: string) {
  return Type.Object(
    {
      user: claim('sub', 'what identifies the user'),
      email: claim('email', 'the e-mail address'),
      name: claim('name', 'the name to show'),
      groups: claim(groups, 'the groups'),
    },
    { description: 'Which claims of the ID token mean what.', default: {} },
  )
}

/** The fields of a user info answer; `subject` is the one that identifies the user. */
export const userinfoClaims = Type.Object(
  {
    email: claim('email', 'the e-mail address'),
    name: claim('name', 'the name to show'),
    groups: claim('groups', 'the groups'),
  },
  { description: 'Which fields of the user info mean what.', default: {} },
)

/** Parameters the gateway sets by itself in every authorization request. */
const ownParameters =
  'client_id redirect_uri response_type response_mode scope state nonce code_challenge code_challenge_method request request_uri'

/** What every type of provider has. */
export const commonKeys = {
  authorize_params: Type.Record(
    Type.String({ pattern: `^(?!(${ownParameters.replaceAll(' ', '|')})$)[A-Za-z0-9_.-]+$` }),
    text({ description: 'A value, passed as it is.', examples: ['login'] }),
    {
      description: 'More parameters of the authorization request, such as prompt.',
      default: {},
      keyErrorMessage: 'the gateway sets this parameter itself; remove it',
    },
  ),
  trust_unverified_email: Type.Boolean({
    description: 'Use e-mail addresses that the provider has not verified.',
    default: false,
  }),
  refresh_lifetime: duration({
    description: 'How long a token set is kept: the lifetime of the refresh token.',
    default: '30d',
  }),
  timeout: duration({ description: 'How long to wait for an answer of the provider.', default: '10s' }),
  max_rate: Type.Integer({
    description: 'Calls per second to its token endpoint, of each replica. Sign-ins get a quarter of them.',
    default: 100,
    minimum: 1,
    maximum: 10_000,
  }),
}
