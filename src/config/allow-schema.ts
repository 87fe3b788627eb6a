import Type from 'typebox'
import { text } from './leaves.ts'

const email = Type.Decode(
  text({ description: 'One e-mail address.', examples: ['ada@acme.io'] }, [
    (value) => /^[^\s@]+@[^\s@]+$/.test(value),
    'must be one e-mail address, with exactly one @',
  ]),
  (value) => value.toLowerCase(),
)

const emailDomain = Type.Decode(
  text(
    { description: 'What follows the @.', examples: ['acme.io'] },
    [(value) => !value.includes('@'), 'must be the domain alone, without the @'],
    [(value) => /^[^\s*/:]+$/.test(value), 'must be a domain name; each subdomain is its own item'],
  ),
  (value) => value.toLowerCase(),
)

const claimValue = text({ description: 'A value the claim may have.', examples: ['research'] })

const people = {
  groups: Type.Optional(
    Type.Array(text({ description: 'A group.', examples: ['analysts'] }), {
      description: 'In any of these groups.',
      minItems: 1,
    }),
  ),
  emails: Type.Optional(Type.Array(email, { description: 'With any of these verified addresses.', minItems: 1 })),
  email_domains: Type.Optional(
    Type.Array(emailDomain, { description: 'With a verified address in any of these domains.', minItems: 1 }),
  ),
  claims: Type.Optional(
    Type.Record(
      Type.String({ pattern: '^.+$' }),
      Type.Union([claimValue, Type.Array(claimValue, { minItems: 1 })], {
        description: 'The value, or a list of which any will do.',
        errorMessage: 'must be text or a list of texts',
      }),
      { description: 'With each of these claims.', minProperties: 1 },
    ),
  ),
}

const rules = { description: 'Who may enter. Every key must match, within a list any item.', minProperties: 1 }

/** Who may enter, of those who signed in. */
export const allow = Type.Object(people, rules)

/** Who may enter, and through which clients. */
export const routeAllow = Type.Object(
  {
    ...people,
    clients: Type.Optional(
      Type.Array(text({ description: 'A client ID.', examples: ['7k1m5q9t3x'] }), {
        description: 'With an access token of any of these clients, also of one that acts for itself.',
        minItems: 1,
      }),
    ),
  },
  rules,
)
