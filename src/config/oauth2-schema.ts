import Type from 'typebox'
import { patterned, word } from './leaves.ts'
import {
  clientAuthentication,
  clientSecret,
  commonKeys,
  endpoint,
  registeredClientId,
  scope,
  userinfoClaims,
} from './provider-keys.ts'

/** An OAuth 2.0 authorization server without OpenID Connect, its endpoints by hand. */
export const oauth2 = Type.Object(
  {
    type: word(['oauth2'], { description: 'An OAuth 2.0 authorization server, endpoints by hand.' }),
    authorization_endpoint: endpoint('Where people are sent to agree.', 'https://crm.acme.io/oauth/authorize'),
    token_endpoint: endpoint(
      'Where codes and refresh tokens are turned into tokens.',
      'https://crm.acme.io/oauth/token',
    ),
    userinfo_endpoint: Type.Optional(
      endpoint('Says who a token belongs to, as JSON; with subject, people may sign in.', 'https://crm.acme.io/me'),
    ),
    subject: Type.Optional(
      patterned(
        {
          description: 'The field of the user info that identifies the user for ever. Never an e-mail address.',
          examples: ['id'],
        },
        '^[A-Za-z0-9_.:-]+$',
        'must be the name of one field of the user info, such as id',
      ),
    ),
    revocation_endpoint: Type.Optional(
      endpoint('Where tokens are revoked (RFC 7009).', 'https://crm.acme.io/oauth/revoke'),
    ),
    client_id: registeredClientId,
    client_secret: Type.Optional(clientSecret('CRM_CLIENT_SECRET')),
    client_authentication: clientAuthentication,
    scopes: Type.Array(scope('contacts.read'), {
      description: 'What every sign-in or connection asks for. Each must be allowed for the client.',
      default: [],
    }),
    claims: userinfoClaims,
    ...commonKeys,
  },
  { description: 'An OAuth 2.0 authorization server, its endpoints by hand.' },
)
