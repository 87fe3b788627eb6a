import { generateKeyPair, type KeyObject, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'

interface SigningKey {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** ID tokens and access tokens are signed by different keys. */
interface KeySet {
  readonly id: SigningKey
  readonly access: SigningKey
}

/** The pool's signing keys. They are made in the background, so that starting does not wait for them. */
export interface Keys {
  readonly current: () => Promise<KeySet>
  readonly published: () => Promise<Record<string, unknown>[]>
  /** The public key of a published key id. */
  readonly find: (kid: string | undefined) => Promise<KeyObject | undefined>
  /** Signs with new keys from now on; the old ones stay published only with `keepOld`. */
  readonly rotate: (keepOld: boolean) => Promise<void>
}

/** Two new RSA keys, and room for more. */
export function createKeys(): Keys {
  let sets: Promise<readonly [KeySet, ...KeySet[]]> = createKeySet().then((set) => [set])
  // A failure is met by whoever asks for a key.
  sets.catch(() => {})

  const published = async () => (await sets).flatMap(({ id, access }) => [id, access])
  return {
    current: async () => (await sets)[0],
    published: async () => (await published()).map(publicJwk),
    find: async (kid) => (await published()).find((key) => key.kid === kid)?.publicKey,
    rotate: async (keepOld) => {
      const [fresh, old] = await Promise.all([createKeySet(), sets])
      sets = Promise.resolve([fresh, ...(keepOld ? old : [])])
    },
  }
}

async function createKeySet(): Promise<KeySet> {
  const [id, access] = await Promise.all([createKey(), createKey()])
  return { id, access }
}

async function createKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  // 32 bytes: base64 with the trailing "=" that real key ids have.
  return { kid: randomBytes(32).toString('base64'), privateKey, publicKey }
}

function publicJwk({ kid, publicKey }: SigningKey): Record<string, unknown> {
  const { kty, e, n } = publicKey.export({ format: 'jwk' })
  return { kid, alg: 'RS256', kty, e, n, use: 'sig' }
}
