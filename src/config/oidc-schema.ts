import Type from 'typebox'
import { isOwnHost, url, word } from './leaves.ts'
import {
  clientAuthentication,
  clientSecret,
  commonKeys,
  endpoint,
  idTokenClaims,
  registeredClientId,
  scopes,
} from './provider-keys.ts'

const override = (what: string, example: string) =>
  Type.Optional(endpoint(`Overrides ${what} of the issuer's metadata.`, example))

/** Any OpenID Connect provider; what is not written comes from its metadata. */
export const oidc = Type.Object(
  {
    type: word(['oidc'], { description: 'Any OpenID Connect provider.' }),
    issuer: url(
      {
        description: 'Its issuer, to the letter; its metadata is at ISSUER/.well-known/openid-configuration.',
        examples: ['https://sso.acme.io'],
      },
      {},
      [isOwnHost, 'is a placeholder; put the issuer of your provider here (its metadata shows it as issuer)'],
      [(value) => !value.includes('/.well-known/'), 'must be the issuer alone; remove /.well-known and what follows'],
    ),
    jwks_uri: override('jwks_uri', 'https://sso.acme.io/jwks'),
    authorization_endpoint: override('authorization_endpoint', 'https://sso.acme.io/authorize'),
    token_endpoint: override('token_endpoint', 'https://sso.acme.io/token'),
    userinfo_endpoint: override('userinfo_endpoint', 'https://sso.acme.io/userinfo'),
    revocation_endpoint: override('revocation_endpoint', 'https://sso.acme.io/revoke'),
    end_session_endpoint: override('end_session_endpoint', 'https://sso.acme.io/logout'),
    client_id: registeredClientId,
    client_secret: Type.Optional(clientSecret('OIDC_CLIENT_SECRET')),
    client_authentication: clientAuthentication,
    scopes: scopes(['openid', 'profile', 'email']),
    claims: idTokenClaims('groups'),
    sign_out: word(['provider', 'local'], {
      description: "provider: signing out also ends the provider's session, where it can. local: only ours.",
      default: 'provider',
    }),
    ...commonKeys,
  },
  { description: 'Any OpenID Connect provider, by its issuer.' },
)
