import Type from 'typebox'
import { isLoopback } from '../core/loopback.ts'
import { duration, isNotStandIn, isOwnHost, parseUrl, patterned, secret, text, url, word } from './leaves.ts'

const ownDomain =
  'is a placeholder; put your user pool domain here (AWS console: Cognito > User pools > your pool > Branding > Domain)'

const endpoint = (description: string, example: string) =>
  Type.Optional(
    url({ description, examples: [example] }, {}, [
      isOwnHost,
      'is a placeholder; put the address of your provider here',
    ]),
  )

const domain = Type.Decode(
  text(
    {
      description: 'The user pool domain: where Cognito shows its sign-in page and answers /oauth2/token.',
      examples: ['https://acme.auth.eu-west-1.amazoncognito.com', 'https://auth.acme.io'],
    },
    [isOwnHost, ownDomain],
    [(value) => parseUrl(withScheme(value)) !== undefined, 'must be the address of the user pool domain'],
    [
      (value) => !/\/\/(issuer-)?cognito-idp[.-]/i.test(withScheme(value)),
      'is the address of the issuer; put the user pool domain here (AWS console: Cognito > User pools > your pool > Branding > Domain)',
    ],
    [(value) => isSecureOrigin(withScheme(value)), 'must be https:// and a host, without a path, user name or query'],
  ),
  (value) => new URL(withScheme(value)).origin,
)

const claim = (name: string, what: string) => text({ description: `The claim that holds ${what}.`, default: name })

/** Parameters the gateway sets by itself in every authorization request. */
const ownParameters =
  'client_id redirect_uri response_type response_mode scope state nonce code_challenge code_challenge_method request request_uri'

/** A `type: cognito` provider: an Amazon Cognito user pool and one of its app clients. */
export const cognitoProvider = Type.Object(
  {
    type: word(['cognito'], { description: 'What kind of provider this is. Only Amazon Cognito in this release.' }),
    domain: Type.Optional(domain),
    user_pool_id: Type.Optional(
      patterned(
        {
          description: 'The user pool; it gives the issuer and its keys.',
          examples: ['eu-west-1_Xk3fP9qLm'],
        },
        '^[a-z]{2,}(-[a-z]+)+-[0-9]+_[A-Za-z0-9]+$',
        'must be REGION_ID, as the console shows it (AWS console: Cognito > User pools > your pool > Overview > User pool ID)',
        [
          (value) => value !== 'us-east-1_AbCdEfGhI',
          'is a placeholder; put your user pool ID here (AWS console: Cognito > User pools > your pool > Overview > User pool ID)',
        ],
      ),
    ),
    issuer: endpoint('Overrides the issuer that user_pool_id gives.', 'http://localhost:9231/us-east-1_LocalPool'),
    jwks_uri: endpoint(
      'Overrides where the signing keys are.',
      'http://localhost:9231/us-east-1_LocalPool/.well-known/jwks.json',
    ),
    authorization_endpoint: endpoint('Overrides DOMAIN/oauth2/authorize.', 'https://auth.acme.io/oauth2/authorize'),
    token_endpoint: endpoint('Overrides DOMAIN/oauth2/token.', 'https://auth.acme.io/oauth2/token'),
    userinfo_endpoint: endpoint('Overrides DOMAIN/oauth2/userInfo.', 'https://auth.acme.io/oauth2/userInfo'),
    revocation_endpoint: endpoint('Overrides DOMAIN/oauth2/revoke.', 'https://auth.acme.io/oauth2/revoke'),
    end_session_endpoint: endpoint('Overrides DOMAIN/logout.', 'https://auth.acme.io/logout'),
    client_id: text(
      { description: 'The app client.', examples: ['4f7q2k9v1m3x8c5b6n0z2l7j5h'] },
      [
        (value) => value !== '1example23456789' && isNotStandIn(value),
        'is a placeholder; put your client ID here (AWS console: Cognito > User pools > your pool > App clients > Client ID)',
      ],
      [(value) => /^[\x21-\x7e]+$/.test(value), 'must be the client ID alone, without spaces'],
    ),
    client_secret: Type.Optional(
      secret({
        description: 'Its client secret. Leave it out when the app client has none.',
        examples: ['${COGNITO_CLIENT_SECRET}'],
      }),
    ),
    scopes: Type.Array(
      text(
        { description: 'One scope.', examples: ['openid'] },
        [
          (value) => value !== 'offline_access',
          'Cognito refuses offline_access; remove it (refresh tokens come without it)',
        ],
        [(value) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(value), 'must be one scope; write each as its own list item'],
      ),
      {
        description: 'What every sign-in asks for. Each must be enabled for the app client.',
        default: ['openid', 'profile', 'email'],
        minItems: 1,
      },
    ),
    authorize_params: Type.Record(
      Type.String({ pattern: `^(?!(${ownParameters.replaceAll(' ', '|')})$)[A-Za-z0-9_.-]+$` }),
      text({ description: 'A value, passed as it is.', examples: ['Okta'] }),
      {
        description: 'More parameters of the authorization request, such as identity_provider, prompt or lang.',
        default: {},
        keyErrorMessage: 'the gateway sets this parameter itself; remove it',
      },
    ),
    claims: Type.Object(
      {
        user: claim('sub', 'what identifies the user'),
        email: claim('email', 'the e-mail address'),
        name: claim('name', 'the name to show'),
        groups: claim('cognito:groups', 'the groups'),
      },
      { description: 'Which claims of the ID token mean what.', default: {} },
    ),
    trust_unverified_email: Type.Boolean({
      description: 'Use e-mail addresses that the provider has not verified.',
      default: false,
    }),
    sign_out: word(['provider', 'local'], {
      description: 'provider: signing out also ends the Cognito session. local: only ours.',
      default: 'provider',
    }),
    refresh_lifetime: duration({
      description: 'How long a token set is kept: the refresh token expiration of the app client.',
      default: '30d',
    }),
    timeout: duration({ description: 'How long to wait for an answer of the provider.', default: '10s' }),
    max_rate: Type.Integer({
      description: 'Calls per second to its token endpoint.',
      default: 100,
      minimum: 1,
      maximum: 10_000,
    }),
  },
  { description: 'An Amazon Cognito user pool and one of its app clients.' },
)

/** A domain without a scheme is meant as https. */
export function withScheme(value: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `https://${value}`
}

function isSecureOrigin(value: string): boolean {
  const parsed = parseUrl(value)
  if (parsed === undefined) return true
  const { protocol, pathname, username, password, hostname } = parsed
  const secure = protocol === 'https:' || isLoopback(hostname)
  return secure && /^\/*$/.test(pathname) && username === '' && password === '' && !/[?#]/.test(value)
}
