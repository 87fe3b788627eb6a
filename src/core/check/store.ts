import { type Finding, findingsAbout } from '../finding.ts'
import { failureText, type ProbeFailure } from './probe.ts'

/** What Redis says of itself, as far as this user may ask. */
export interface StoreFacts {
  /** The fields of INFO; absent when it may not be asked. */
  readonly info: Readonly<Record<string, string>> | undefined
  /** The setting `save`; absent when it may not be asked. */
  readonly save: string | undefined
  /** The fields of CLUSTER INFO; absent where there is no Cluster, or when it may not be asked. */
  readonly cluster?: Readonly<Record<string, string>> | undefined
  /** Whether this user may publish and subscribe on the channel of changes. */
  readonly mayTell: boolean
  /** Commands that the gateway needs and this user may not run on its keys; absent where the server cannot tell. */
  readonly lacking?: readonly string[] | undefined
  /** What a Sentinel answers to SENTINEL CKQUORUM, empty when none would; absent where there are none. */
  readonly quorum?: string
}

/**
 * `refusal` is the first word of an error reply, as `NOAUTH`; `refusedDatabase`, the number that was not to be had;
 * `sentinels`, why none of them led to a primary.
 */
export type StoreOutcome =
  | StoreFacts
  | ProbeFailure
  | { readonly refusal: string }
  | { readonly refusedDatabase: number }
  | { readonly sentinels: string }

const questions = {
  answers: 'Does Redis answer?',
  writes: 'Can it be written to?',
  rights: 'May its user run what the gateway needs?',
  quorum: 'Can the Sentinels agree on another primary?',
  cluster: 'Does the Cluster serve all slots?',
  changes: 'Can gateways tell each other of changes?',
  version: 'Is it new enough?',
  persistence: 'Does it keep what it has over a restart?',
  eviction: 'Does it keep what it has when memory runs out?',
  memory: 'Is there memory left?',
} as const

const { ok, problem, warning, unknown } = findingsAbout('store')

/** What a Redis must be to keep sessions. `address` is host and port. */
export function storeFindings(outcome: StoreOutcome, address: string): readonly Finding[] {
  if ('failure' in outcome) {
    const answer = `No: ${address}, ${failureText(outcome)}.`
    if (outcome.failure === 'not_asked') return [unknown(questions.answers, answer)]
    return [problem(questions.answers, answer, { remedy: 'Start Redis, or correct store.url.' })]
  }
  if ('refusal' in outcome) return [refusalFinding(outcome.refusal, address)]
  if ('refusedDatabase' in outcome) {
    return [
      problem(questions.answers, `No: ${address} does not give database ${outcome.refusedDatabase}.`, {
        remedy:
          'Put the number of a database into store.url that this Redis has (CONFIG GET databases tells how many; a Cluster has 0 only), and let its user run SELECT.',
      }),
    ]
  }
  if ('sentinels' in outcome) {
    return [
      problem(questions.answers, `No: ${address}, ${outcome.sentinels}.`, {
        remedy: 'See that store.url has the Sentinels and their name for the primary, as SENTINEL MASTERS tells it.',
      }),
    ]
  }

  const { info, save, cluster, mayTell } = outcome
  const answers = [
    ok(questions.answers, `Yes: ${address}`),
    ...rightsFindings(outcome.lacking),
    ...quorumFindings(outcome.quorum),
  ]
  if (info === undefined) {
    const unasked = [questions.version, questions.persistence, questions.eviction, questions.memory].join(' ')
    return [...answers, ...changesFindings(mayTell), unknown(unasked, 'Could not tell: this user may not run INFO.')]
  }
  return [
    ...answers,
    ...roleFindings(info, cluster),
    ...clusterFindings(cluster),
    ...changesFindings(mayTell),
    versionFinding(info.redis_version ?? ''),
    persistenceFinding(info, save),
    evictionFinding(info.maxmemory_policy),
    memoryFinding(Number(info.used_memory), Number(info.maxmemory)),
  ]
}

function refusalFinding(code: string, address: string): Finding {
  if (code === 'LOADING' || code === 'BUSY' || code === 'MASTERDOWN' || code === 'CLUSTERDOWN') {
    return unknown(questions.answers, `Not yet: ${address} says ${code}.`, { remedy: 'Ask again in a minute.' })
  }
  const isLogin = code === 'NOAUTH' || code === 'WRONGPASS'
  return problem(questions.answers, `No: ${address} says ${code}.`, {
    remedy: isLogin
      ? 'Put the user name and the password into store.url: redis://USER:PASSWORD@HOST:PORT.'
      : 'See that store.url names the right server, user and database.',
  })
}

/** Servers before Redis 7 cannot tell; their operators need not hear that each time. */
function rightsFindings(lacking: readonly string[] = []): readonly Finding[] {
  if (lacking.length === 0) return []
  return [
    problem(questions.rights, `No: not ${lacking.join(', ')} on keys that begin with store.key_prefix.`, {
      remedy: 'Give the user these commands and keys: docs/storage.md has the ACL.',
    }),
  ]
}

function quorumFindings(quorum: string | undefined): readonly Finding[] {
  if (quorum === undefined) return []
  if (quorum === '') return [unknown(questions.quorum, 'Could not tell: no Sentinel answers SENTINEL CKQUORUM.')]
  if (quorum.startsWith('OK')) return [ok(questions.quorum, `Yes: ${quorum}`)]
  return [
    warning(questions.quorum, `No: ${quorum}`, {
      remedy: 'Start the Sentinels that are away: until then nothing takes the place of a primary that fails.',
    }),
  ]
}

/** A replica in a Cluster sends whoever writes to its primary. */
function roleFindings({ role }: Readonly<Record<string, string>>, cluster: StoreFacts['cluster']): readonly Finding[] {
  if (role !== 'slave' || cluster !== undefined) return []
  return [
    problem(questions.writes, 'No: it is a replica.', { remedy: 'Put the address of its primary into store.url.' }),
  ]
}

function clusterFindings(cluster: StoreFacts['cluster']): readonly Finding[] {
  if (cluster === undefined) return []
  const { cluster_state: state = 'unknown', cluster_slots_ok: served = '0' } = cluster
  if (state === 'ok') return [ok(questions.cluster, `Yes: ${served} of 16384.`)]
  return [
    problem(questions.cluster, `No: ${served} of 16384, its state is ${state}.`, {
      remedy: 'See redis-cli --cluster check HOST:PORT, and redis-cli --cluster fix HOST:PORT.',
    }),
  ]
}

function changesFindings(mayTell: boolean): readonly Finding[] {
  if (mayTell) return []
  return [
    warning(questions.changes, 'No: this user may not use their channel, so every request reads its session.', {
      remedy: 'Give the user the channel: docs/storage.md has the ACL.',
    }),
  ]
}

function versionFinding(version: string): Finding {
  const [major = Number.NaN, minor = 0] = version.split('.').map(Number)
  if (Number.isNaN(major) || version === '') return unknown(questions.version, 'Could not tell: it gives no version.')
  if (major > 6 || (major === 6 && minor >= 2)) return ok(questions.version, `Yes: ${version}`)
  return problem(questions.version, `No: ${version}.`, { remedy: 'Use Redis 6.2 or newer, or Valkey.' })
}

function persistenceFinding({ aof_enabled: aof }: Readonly<Record<string, string>>, save: string | undefined): Finding {
  if (aof === '1') return ok(questions.persistence, 'Yes: appendonly is on.')
  if (save === undefined) {
    return unknown(questions.persistence, 'Could not tell: appendonly is off, and this user may not ask for save.')
  }
  if (save !== '') return ok(questions.persistence, `Yes, but for the last minutes: save ${save}`)
  return warning(questions.persistence, 'No: appendonly is off and save is empty, so a restart signs everyone out.', {
    remedy: 'Turn it on: CONFIG SET appendonly yes, and the same in redis.conf.',
  })
}

function evictionFinding(policy: string | undefined): Finding {
  if (policy === undefined) return unknown(questions.eviction, 'Could not tell: it does not give its policy.')
  if (policy === 'noeviction') return ok(questions.eviction, 'Yes: maxmemory-policy is noeviction.')
  return warning(questions.eviction, `No: maxmemory-policy is ${policy}, which throws sessions away.`, {
    remedy: 'CONFIG SET maxmemory-policy noeviction, and the same in redis.conf.',
  })
}

function memoryFinding(used: number, limit: number): Finding {
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 1_048_576)} MB`
  if (Number.isNaN(used)) return unknown(questions.memory, 'Could not tell: it does not give its use.')
  if (!(limit > 0)) return ok(questions.memory, `Yes: ${megabytes(used)} used, no limit set.`)
  const answer = `${megabytes(used)} of ${megabytes(limit)} used`
  if (used < 0.8 * limit) return ok(questions.memory, `Yes: ${answer}.`)
  return warning(questions.memory, `Little: ${answer}.`, {
    remedy: 'Raise maxmemory; when it is full nobody can sign in.',
  })
}
