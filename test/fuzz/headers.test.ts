import fc from 'fast-check'
import t from 'tap'
import { createAnswerHeaders } from '../../src/core/answer-headers.ts'
import { bearerOf } from '../../src/core/bearer.ts'
import { clientOf } from '../../src/core/client.ts'
import { corsHeaders, preflightHeaders } from '../../src/core/cors.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { foldHeaderName, headerList, headerValue } from '../../src/core/headers.ts'
import { cookieStanding } from '../../src/core/same-origin.ts'
import { parseTemplate } from '../../src/core/template.ts'
import { createUpstreamHeaders } from '../../src/core/upstream-headers.ts'
import { fromLines, fromPairs, toPairs } from '../support/header-pairs.ts'
import { aPassage } from '../support/passage.ts'
import { aRoute } from '../support/route.ts'
import { headerName, ourName, headerValue as wireValue } from './arbitraries.ts'
import { runs } from './runs.ts'

const header = (name: string, value: string) => ({ name, value: parseTemplate(value) })
const signedIn = aRoute({ identityHeaders: [header('X-Forwarded-User', '{user}'), header('X-Who', '{email}')] })
const ownHeader = aRoute({ inject: header('X-Api-Token', '{access_token}') })
const open = aRoute({ access: 'public' })
const upstreamHeaders = createUpstreamHeaders([signedIn, ownHeader, open], 'toolgate')
const answerHeaders = createAnswerHeaders('toolgate')
const arrival = { clientAddress: '127.0.0.1', host: 'tools.test', scheme: 'https' } as const
const ada = aPassage({ email: 'ada@acme.test' })

const lines = fc.array(fc.tuple(headerName, wireValue), { maxLength: 12 })
const evil = fc.array(fc.tuple(ourName, fc.constant('evil')), { minLength: 1, maxLength: 4 })
const connection = fc.tuple(
  fc.mixedCase(fc.constant('Connection')),
  fc
    .array(fc.oneof(ourName, headerName, fc.constantFrom('authorization', 'cookie', 'host')))
    .map((names) => names.join(', ')),
)

t.test('folding is folded already, whatever the case, and whatever stands between letters and digits', async () => {
  fc.assert(
    fc.property(headerName, (name) => {
      const folded = foldHeaderName(name)

      return foldHeaderName(folded) === folded && foldHeaderName(name.toUpperCase()) === folded
    }),
    runs(2_000),
  )
  fc.assert(
    fc.property(headerName, fc.constantFrom(...'-_.!~|*'), (name, separator) => {
      return foldHeaderName(name.replace(/[^A-Za-z0-9]/g, separator)) === foldHeaderName(name)
    }),
    runs(2_000),
  )
})

t.test('no header of the client passes for one of ours, in any spelling, on any route', async () => {
  fc.assert(
    fc.property(lines, evil, connection, fc.constantFrom(signedIn, ownHeader, open), (some, lies, named, route) => {
      const raw = [...some, ...lies, named, ...lies].flat()
      const sent = Object.entries(fromLines(upstreamHeaders.forRequest(raw, route, undefined, arrival)))
      const names = sent.map(([name]) => foldHeaderName(name))

      return (
        sent.every(
          ([name, value]) =>
            value !== 'evil' || !/^x-(who|api-token|toolgate|forwarded|real)/.test(foldHeaderName(name)),
        ) &&
        names.filter((name) => name.startsWith('x-forwarded-')).length === 3 &&
        !names.includes('authorization') &&
        !names.includes('connection')
      )
    }),
    runs(3_000),
  )
})

t.test('no header of the client takes away what we say', async () => {
  fc.assert(
    fc.property(lines, connection, connection, (some, named, more) => {
      const raw = [...some, named, ...some, more].flat()
      const sent = fromLines(upstreamHeaders.forRequest(raw, signedIn, ada, arrival))
      const own = fromLines(upstreamHeaders.forRequest(raw, ownHeader, ada, arrival))

      return (
        sent.authorization === 'Bearer access' &&
        sent['x-forwarded-user'] === 'cognito:ada' &&
        sent['x-who'] === 'ada@acme.test' &&
        sent['x-forwarded-for'] === '127.0.0.1' &&
        sent.host === '127.0.0.1:3000' &&
        own['x-api-token'] === 'access'
      )
    }),
    runs(3_000),
  )
})

t.test(
  "no header of an upstream sets our cookie, speaks CORS or makes an answer for one person everybody's",
  async () => {
    const cookie = fc
      .tuple(
        fc.constantFrom('', ' ', '=', ' = ', '\t'),
        fc.constantFrom('toolgate', 'toolgate.u', 'toolgate.a.x'),
        fc.constantFrom('=x', ' =x', '', ';x'),
      )
      .map((parts) => parts.join(''))
    const said = fc.record({
      'set-cookie': fc.oneof(cookie, fc.array(cookie)),
      'cache-control': fc
        .array(fc.constantFrom('public', 'Public', 's-maxage=9', 'max-age=9', 'no-cache', '', 'private=x'))
        .map(String),
      connection: connection.map(([, names]) => names),
      vary: fc.array(headerName).map(String),
      'access-control-allow-origin': wireValue,
    })
    fc.assert(
      fc.property(
        fc.dictionary(
          headerName.map((name) => name.toLowerCase()),
          wireValue,
        ),
        said,
        (some, more) => {
          const { vary, ...answer } = fromPairs(
            answerHeaders(toPairs({ ...some, ...more }), signedIn, 'stored', 'https://evil.test'),
          )
          const control = String(answer['cache-control']).toLowerCase().split(', ')

          return (
            !('set-cookie' in answer) &&
            !Object.keys(answer).some((name) => name.startsWith('access-control-') || name === 'connection') &&
            control.includes('private') &&
            !control.some((directive) => /^(public|s-maxage)/.test(directive)) &&
            (String(vary).includes('*') || /cookie/i.test(String(vary)))
          )
        },
      ),
      runs(3_000),
    )
  },
)

t.test('a claim in a header is printable ASCII, and comes back as it was', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.array(fc.string({ unit: 'grapheme' })), (text, list) => {
      const value = headerValue(text)
      const joined = headerList(list)
      const kept = list.filter((entry) => headerValue(entry) !== undefined)

      return (
        (value === undefined || (/^[\x20-\x7e]*$/.test(value) && decodeURIComponent(value) === text)) &&
        (joined === undefined
          ? kept.length === 0
          : joined.split(',').map(decodeURIComponent).join('\0') === kept.join('\0'))
      )
    }),
    runs(3_000),
  )
})

t.test('only an origin to the letter gets permission, or has the cookie count', async () => {
  const listed = 'https://app.acme.io'
  const almost = fc.oneof(
    wireValue,
    fc.constantFrom(
      'null',
      '*',
      `${listed}/`,
      `${listed}:443`,
      `${listed}.evil.test`,
      listed.toUpperCase(),
      `${listed}, ${listed}`,
      ` ${listed}`,
    ),
    fc.tuple(fc.nat(listed.length), wireValue).map(([at, text]) => listed.slice(0, at) + text + listed.slice(at)),
  )
  fc.assert(
    fc.property(almost, fc.constantFrom('GET', 'POST'), fc.boolean(), (origin, method, credentials) => {
      const cors = { origins: [listed], credentials }
      const headers = { origin, 'sec-fetch-site': 'cross-site', 'access-control-request-method': 'PUT' }
      const answers = [corsHeaders(cors, headers, {}), preflightHeaders(cors, headers, ['PUT'])]
      const permits = answers.map((answer) => 'access-control-allow-origin' in answer)
      const isListed = origin === listed
      const standing = cookieStanding({ method, headers, origin: 'https://tools.test' }, cors.origins)

      return permits.every((permit) => permit === isListed) && (standing === 'counts') === isListed
    }),
    runs(3_000),
  )
})

t.test('what names a client or a bearer is read or refused, and nothing else happens', async () => {
  const proxies = {
    trusts: (address: string) => address.startsWith('10.'),
    isAddress: (text: string) => /^[\d.]+$/.test(text),
  }
  const names = fc.constantFrom('X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'Forwarded')
  const pieces = fc.constantFrom(
    'for=',
    '1.2.3.4',
    '10.0.0.1',
    ',',
    ';',
    '"',
    '\\',
    '[',
    ']',
    ':',
    'proto=https',
    'host=',
    ' ',
    '=',
    'unknown',
  )
  const value = fc.array(pieces).map((parts) => parts.join(''))
  fc.assert(
    fc.property(fc.array(fc.tuple(names, fc.oneof(value, wireValue))), wireValue, (raw, authorization) => {
      bearerOf(authorization)
      bearerOf(`Bearer ${authorization}`)
      try {
        const { address } = clientOf(raw.flat(), '10.0.0.9', proxies)
        return proxies.isAddress(address) && clientOf(raw.flat(), '9.9.9.9', proxies).address === '9.9.9.9'
      } catch (error) {
        return error instanceof GatewayError && error.code === 'bad_request'
      }
    }),
    runs(3_000),
  )
})
