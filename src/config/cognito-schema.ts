import Type from 'typebox'
import { patterned, withScheme, word } from './leaves.ts'
import { clientId, clientSecret, commonKeys, domain, endpoint, idTokenClaims, scope, scopes } from './provider-keys.ts'

const console = 'AWS console: Cognito > User pools > your pool >'

const override = (what: string, example: string) => Type.Optional(endpoint(`Overrides ${what}.`, example))

/** An Amazon Cognito user pool and one of its app clients. */
export const cognito = Type.Object(
  {
    type: word(['cognito'], { description: 'Amazon Cognito.' }),
    domain: Type.Optional(
      domain(
        {
          description: 'The user pool domain: where Cognito shows its sign-in page and answers /oauth2/token.',
          examples: ['https://acme.auth.eu-west-1.amazoncognito.com', 'https://auth.acme.io'],
        },
        { isReal: () => true, what: 'your user pool domain', where: `${console} Branding > Domain` },
        [
          (value) => !/\/\/(issuer-)?cognito-idp[.-]/i.test(withScheme(value)),
          `is the address of the issuer; put the user pool domain here (${console} Branding > Domain)`,
        ],
      ),
    ),
    user_pool_id: Type.Optional(
      patterned(
        { description: 'The user pool; it gives the issuer and its keys.', examples: ['eu-west-1_Xk3fP9qLm'] },
        '^[a-z]{2,}(-[a-z]+)+-[0-9]+_[A-Za-z0-9]+$',
        `must be REGION_ID, as the console shows it (${console} Overview > User pool ID)`,
        [
          (value) => value !== 'us-east-1_AbCdEfGhI',
          `is a placeholder; put your user pool ID here (${console} Overview > User pool ID)`,
        ],
      ),
    ),
    issuer: override('the issuer that user_pool_id gives', 'http://localhost:9231/us-east-1_LocalPool'),
    jwks_uri: override('where the signing keys are', 'http://localhost:9231/us-east-1_LocalPool/.well-known/jwks.json'),
    authorization_endpoint: override('DOMAIN/oauth2/authorize', 'https://auth.acme.io/oauth2/authorize'),
    token_endpoint: override('DOMAIN/oauth2/token', 'https://auth.acme.io/oauth2/token'),
    userinfo_endpoint: override('DOMAIN/oauth2/userInfo', 'https://auth.acme.io/oauth2/userInfo'),
    revocation_endpoint: override('DOMAIN/oauth2/revoke', 'https://auth.acme.io/oauth2/revoke'),
    end_session_endpoint: override('DOMAIN/logout', 'https://auth.acme.io/logout'),
    client_id: clientId(
      { description: 'The app client.', examples: ['4f7q2k9v1m3x8c5b6n0z2l7j5h'] },
      { isReal: (value) => value !== '1example23456789', where: `${console} App clients > Client ID` },
    ),
    client_secret: Type.Optional(clientSecret('COGNITO_CLIENT_SECRET')),
    scopes: scopes(
      ['openid', 'profile', 'email'],
      scope('openid', [
        (value) => value !== 'offline_access',
        'Cognito refuses offline_access; remove it (refresh tokens come without it)',
      ]),
    ),
    claims: idTokenClaims('cognito:groups'),
    sign_out: word(['provider', 'local'], {
      description: 'provider: signing out also ends the Cognito session. local: only ours.',
      default: 'provider',
    }),
    ...commonKeys,
  },
  { description: 'An Amazon Cognito user pool and one of its app clients.' },
)
