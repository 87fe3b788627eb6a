import t from 'tap'
import { judgeSecret, type SecretVerdict } from '../../../src/core/check/secret.ts'
import { provesClient, readToken, type TokenReading } from '../../../src/core/check/token.ts'
import { answered, inconclusive, json } from './answers.ts'

t.test('each answer to a made-up refresh token has its meaning', async (t) => {
  const rows = [
    [{ error: 'invalid_grant' }, 'accepted', 'invalid_grant'],
    [{ error: 'unauthorized_client' }, 'no_refresh', 'unauthorized_client'],
    [
      { error: 'invalid_client', error_description: 'invalid_client_secret' },
      'secret_wanted',
      'invalid_client, invalid_client_secret',
    ],
    [{ error: 'invalid_client' }, 'client_refused', 'invalid_client'],
    [{ error: 'invalid_request' }, 'unknown', 'invalid_request'],
  ] as const

  for (const [body, verdict, said] of rows) t.strictSame(readToken(json(400, body)), { verdict, said })
  t.equal(readToken(json(401, { error: 'invalid_client' })).verdict, 'client_refused', 'as RFC 6749 has it')
})

t.test('what proves nothing is unknown', async (t) => {
  for (const [outcome, said] of inconclusive) t.strictSame(readToken(outcome), { verdict: 'unknown', said })
  for (const body of ['', '<html>', 'null', '[]', '{"error":7}', '{"access_token":"x"}']) {
    t.equal(readToken(answered(400, { body })).verdict, 'unknown', body)
  }
})

type Verdict = TokenReading['verdict']

/** The answer without the secret, with it, whether the client is known otherwise, and what follows. */
const rows: readonly (readonly [Verdict, Verdict | undefined, boolean, SecretVerdict])[] = [
  ['accepted', undefined, true, 'none_needed'],
  ['no_refresh', undefined, true, 'none_needed'],
  ['secret_wanted', undefined, false, 'missing'],
  ['client_refused', undefined, true, 'missing'],
  ['client_refused', undefined, false, 'client_or_secret'],
  ['unknown', undefined, true, 'unknown'],
  ['secret_wanted', 'accepted', true, 'accepted'],
  ['unknown', 'accepted', true, 'accepted'],
  ['secret_wanted', 'no_refresh', true, 'accepted'],
  ['accepted', 'client_refused', true, 'public_client'],
  ['no_refresh', 'client_refused', true, 'public_client'],
  ['secret_wanted', 'client_refused', false, 'wrong'],
  ['secret_wanted', 'secret_wanted', true, 'wrong'],
  ['client_refused', 'client_refused', true, 'wrong'],
  ['client_refused', 'client_refused', false, 'client_or_secret'],
  ['unknown', 'client_refused', true, 'wrong_or_public'],
  ['unknown', 'client_refused', false, 'client_or_secret'],
  ['secret_wanted', 'unknown', true, 'unknown'],
]

t.test('both answers together say how client and secret go together', async (t) => {
  for (const [without, withSecret, isClientKnown, verdict] of rows) {
    const readings = {
      without: { verdict: without, said: '' },
      withSecret: withSecret && { verdict: withSecret, said: '' },
    }

    t.equal(judgeSecret(readings, isClientKnown), verdict, `${without}, ${withSecret}, ${isClientKnown}`)
  }
})

t.test('a client is proved by any answer that is about something else', async (t) => {
  const proves = (without: Verdict, withSecret?: Verdict) =>
    provesClient({
      without: { verdict: without, said: '' },
      withSecret: withSecret && { verdict: withSecret, said: '' },
    })

  t.equal(proves('accepted'), true)
  t.equal(proves('secret_wanted', 'client_refused'), true)
  t.equal(proves('unknown', 'no_refresh'), true)
  t.equal(proves('client_refused'), false)
  t.equal(proves('unknown', 'client_refused'), false)
})
