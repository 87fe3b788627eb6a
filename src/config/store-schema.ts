import Type from 'typebox'
import { readStoreUrl, storeUrlFaults } from '../core/store-address.ts'
import { durationOrNone, isNotStandIn, type Rule, readableFile, secret, text } from './leaves.ts'

const faultOf = (value: string) => {
  const read = value === 'memory:' ? undefined : readStoreUrl(value)
  return typeof read === 'string' ? read : undefined
}

const passwordOf = (value: string) => {
  const read = readStoreUrl(value)
  return typeof read === 'string' ? '' : read.password
}

const url = text(
  {
    description:
      'memory: keeps everything in this process. Redis is needed for more than one: redis:// (one server), redis+sentinel:// or redis+cluster://; rediss with TLS.',
    default: 'memory:',
    examples: [
      'redis://127.0.0.1:6379',
      'rediss://cache.acme.io:6379/0',
      'redis+sentinel://s1.acme.io:26379,s2.acme.io:26379/main/0',
      'redis+cluster://n1.acme.io:6379,n2.acme.io:6379',
    ],
    writeOnly: true,
  },
  ...Object.entries(storeUrlFaults).map(([fault, sentence]): Rule => [(value) => faultOf(value) !== fault, sentence]),
  [(value) => isNotStandIn(passwordOf(value)), 'has a placeholder for a password; put the real one there'],
)

export const store = Type.Object(
  {
    url,
    tls: Type.Optional(
      Type.Object(
        {
          ca: Type.Optional(
            readableFile({
              description: 'Certificates (PEM) that may vouch for Redis.',
              examples: ['tls/redis-ca.pem'],
            }),
          ),
          client_cert: Type.Optional(
            readableFile({ description: 'Certificate (PEM) shown to Redis.', examples: ['tls/client.pem'] }),
          ),
          client_key: Type.Optional(
            readableFile({ description: 'The key (PEM) of client_cert.', examples: ['tls/client.key'] }),
          ),
        },
        { description: 'TLS towards a rediss address.' },
      ),
    ),
    sentinel: Type.Optional(
      Type.Object(
        {
          username: Type.Optional(text({ description: 'Their user.', examples: ['toolgate'] })),
          password: secret({ description: 'Their password.', examples: ['${SENTINEL_PASSWORD}'] }),
        },
        { description: 'How to log in to the Sentinels; what is in the address is for Redis. Absent: not at all.' },
      ),
    ),
    key_prefix: text({ description: 'What every key in Redis begins with.', default: 'tg:' }, [
      (value) => /^[^\s{}*?[\]]+$/.test(value),
      'must not hold spaces, braces, brackets, * or ?',
    ]),
    serve_cached_for: durationOrNone({
      description: 'A session read this recently goes on while the store is away; 0: not at all.',
      default: '60s',
    }),
    wait_for_replica: Type.Boolean({
      description: 'Token sets and sign-outs wait until a replica of Redis has them, for a fifth of a second at most.',
      default: false,
    }),
  },
  { description: 'Where sessions and token sets are kept.', default: {} },
)
