import fc from 'fast-check'

/** What paths are made of, and what has been read in two ways. */
const pathPieces = [
  ...[
    '/',
    '/',
    '/',
    '/',
    '//',
    '.',
    '..',
    '...',
    '%2e',
    '%2E',
    '%252e',
    '%25',
    '%2f',
    '%252f',
    '%5c',
    '\\',
    ';',
    ';x=1',
  ],
  ...[
    '%3b',
    '%00',
    '%0a',
    '#',
    '%23',
    '?',
    '%3F',
    'a',
    'A',
    '%61',
    '%41',
    '%7e',
    '~',
    '-',
    '_',
    '%',
    '%2',
    '%zz',
    '%c3%a9',
  ],
  ...[
    '%ff',
    ':',
    '@',
    '&',
    '=',
    '+',
    '*',
    "'",
    '(',
    '!',
    '$',
    ',',
    'closed',
    '%63losed',
    'open',
    'deep',
    'oauth',
    'd%65ep',
  ],
  ...['.well-known', '..;', '%2e%2e', 'é', ' ', '|', '^', '"', '<'],
]

/** A request target, most of the time one that some server would take. */
export const target = fc
  .array(fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...pathPieces) }, { weight: 1, arbitrary: fc.string() }), {
    maxLength: 12,
  })
  .map((pieces) => `/${pieces.join('')}`)

/** The same without what no request line can hold. */
export const sendableTarget = target.map((text) => text.replace(/[^\x21-\x7e]/g, ''))

const tokenCharacters = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
const ours = ['x-forwarded-user', 'x-forwarded-email', 'x-toolgate-identity', 'x-who', 'x-api-token', 'x-real-ip']
const special = [
  'connection',
  'te',
  'upgrade',
  'keep-alive',
  'authorization',
  'constructor',
  '__proto__',
  'via',
  'range',
]

/** A header name of ours, spelt in some other way. */
export const ourName = fc
  .tuple(
    fc.constantFrom(...ours),
    fc.array(fc.constantFrom('-', '_', '.', '!', '~', '|'), { minLength: 4, maxLength: 4 }),
  )
  .chain(([name, separators]) => {
    let i = 0
    return fc.mixedCase(fc.constant(name.replace(/-/g, () => separators[i++] ?? '-')))
  })

/** Any header name (RFC 9110 section 5.1). */
export const headerName = fc.oneof(
  fc.string({ unit: fc.constantFrom(...tokenCharacters), minLength: 1, maxLength: 20 }),
  fc.mixedCase(fc.constantFrom(...special)),
  ourName,
)

/** Any header value as it may come over the wire, one byte a character. */
export const headerValue = fc
  .array(fc.oneof(fc.integer({ min: 0x20, max: 0x7e }), fc.integer({ min: 0x80, max: 0xff }), fc.constant(9)))
  .map((codes) => String.fromCharCode(...codes).trim())

const cookieNames = ['toolgate', 'toolgate.u', 'toolgate.r', 'toolgate.a.x', `toolgate.a.${'x'.repeat(43)}`, '', 'a']
const hash = fc.string({ unit: fc.constantFrom(...'abcXYZ019-_'), minLength: 15, maxLength: 65 })
const cookieValue = fc.oneof(
  headerValue,
  fc.base64String({ maxLength: 300 }),
  fc.tuple(hash, fc.constantFrom('.', '..', ''), hash).map((parts) => parts.join('')),
)

/** Cookies by name, as a browser might send them. */
export const cookies = fc.array(fc.tuple(fc.oneof(fc.constantFrom(...cookieNames), headerName), cookieValue), {
  maxLength: 6,
})

const urlPieces = [
  ...['/', '\\', '//', '.', '..', ':', '@', '?', '#', '%', '%2f', '%5c', '%09', '\t', '\n', '\r', ' ', '\0', ';', '&'],
  ...[
    'http:',
    'https:',
    'javascript:',
    'data:',
    'blob:',
    'localhost',
    'localhost:8080',
    'evil.example',
    'tool',
    '[::1]',
  ],
  ...[
    'http://localhost:8080',
    'https://tools.acme.io',
    'oauth',
    'sign-in',
    '\u3002',
    '\uff0f',
    '\u2044',
    '\ufeff',
    'ⓔ',
  ],
]

/** What somebody might want people to come back to. */
export const returnAddress = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...urlPieces) },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 3 }) },
    ),
    { maxLength: 9 },
  )
  .map((pieces) => pieces.join(''))

const parameters = ['code', 'state', 'error', 'error_description', 'iss', 'session_state', 'x', '__proto__', '']

/** A query of the callback, as the provider or somebody else might send it. */
export const callbackQuery = fc
  .array(fc.tuple(fc.constantFrom(...parameters), fc.oneof(fc.string({ unit: 'grapheme' }), headerValue)), {
    maxLength: 6,
  })
  .chain((pairs) =>
    fc.boolean().map((encoded) =>
      pairs
        .map(([name, value]) => `${name}=${encoded ? encodeURIComponent(value) : value.replace(/[^\x21-\x7e]/g, '')}`)
        .join('&')
        .replaceAll('#', ''),
    ),
  )
