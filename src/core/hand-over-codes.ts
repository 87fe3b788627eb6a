import type { Clock, Keyring, RecordStore, UserHash } from './ports.ts'
import { openIfWeCan, sealRecord } from './sealed-record.ts'
import { randomId, sha256 } from './secret.ts'
import type { SessionPlace } from './user-store.ts'

/** What a code is good for. */
interface HandOverTerms {
  /** The host that takes it, as an origin. */
  readonly origin: string
  /** Where the browser goes on there. */
  readonly returnTo: string
  /** The attempt that the browser keeps there. */
  readonly attempt: string
  /** Scopes that the provider refused just now. */
  readonly refused: readonly string[]
}

/** A code that somebody brought. */
interface HeldHandOver extends HandOverTerms {
  readonly user: UserHash
  readonly name: `h:${string}`
  /** The session that is handed over. */
  readonly session: SessionPlace
}

interface HandOverCodesOptions {
  readonly records: RecordStore
  readonly keyring: Keyring
  readonly now: Clock
}

/** Codes of 256 bits that hand a session over to another host, kept as SHA-256 for a minute. */
export type HandOverCodes = ReturnType<typeof createHandOverCodes>

const validMs = 60_000

/** See `HandOverCodes`. All throw `store_unavailable`. */
export function createHandOverCodes({ records, keyring, now }: HandOverCodesOptions) {
  return {
    /** A new code for a session. */
    async issue({ user, name: session }: SessionPlace, terms: HandOverTerms): Promise<string> {
      const id = randomId()
      const name = codeRecordName(id)
      const body = sealRecord(keyring, user, name, { ...terms, session, endsAt: now() + validMs })
      await records.write(user, name, { state: 'live', mark: '', reason: '', body, ttlMs: validMs }, { new: true })
      return `${user}.${id}`
    },

    /** What a code is good for; `undefined` for none, and for one that was used, or is over. */
    async read(code: string | undefined): Promise<HeldHandOver | undefined> {
      const [, user, id] = /^([\w-]{16,64})\.([\w-]{43})$/.exec(code ?? '') ?? []
      if (user === undefined || id === undefined) return undefined
      const name = codeRecordName(id)
      const [record] = await records.read(user, [name])
      if (record?.state !== 'live') return undefined
      const stored = openIfWeCan<HandOverTerms & Stored>(keyring, user, name, record.body)
      if (stored === undefined || stored.endsAt <= now()) return undefined
      return { ...stored, user, name, session: { user, name: stored.session } }
    },

    /** Uses a code up; false when somebody else was quicker. */
    async take({ user, name }: HeldHandOver): Promise<boolean> {
      return (await records.end(user, [name], { reason: '', orphans: [] })).includes(name)
    },
  }
}

interface Stored {
  readonly session: `s:${string}`
  readonly endsAt: number
}

const codeRecordName = (id: string): `h:${string}` => `h:${sha256(id)}`
