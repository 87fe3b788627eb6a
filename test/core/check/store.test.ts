import t from 'tap'
import { type StoreFacts, storeFindings } from '../../../src/core/check/store.ts'

const good = {
  redis_version: '7.0.15',
  role: 'master',
  aof_enabled: '0',
  maxmemory_policy: 'noeviction',
  used_memory: '1048576',
  maxmemory: '0',
}

/** Status and answer of the finding whose question begins so. */
function told(question: string, info: Partial<typeof good>, save: string | undefined = '3600 1') {
  const facts: StoreFacts = { info: { ...good, ...info }, save, mayTell: true }
  const finding = storeFindings(facts, '127.0.0.1:6379').find((entry) => entry.question.startsWith(question))
  return [finding?.status, finding?.answer]
}

t.test('Redis has to be 6.2 or newer', async (t) => {
  for (const version of ['6.2.0', '7.0.15', '8.2', '10.0.0']) {
    t.match(told('Is it new', { redis_version: version }), ['ok', `Yes: ${version}`])
  }
  for (const version of ['6.0.16', '5.0.7']) t.match(told('Is it new', { redis_version: version }), ['problem'])
  t.match(told('Is it new', { redis_version: '' }), ['unknown'])
})

t.test('appendonly or save keeps what there is; neither is a warning; who may not ask cannot tell', async (t) => {
  t.match(told('Does it keep what it has over', { aof_enabled: '1' }, ''), ['ok', /appendonly/])
  t.match(told('Does it keep what it has over', {}, '3600 1'), ['ok', /save 3600 1/])
  t.match(told('Does it keep what it has over', {}, ''), ['warning', /signs everyone out/])
  const facts: StoreFacts = { info: good, save: undefined, mayTell: true }
  t.match(storeFindings(facts, 'redis:6379')[2], { status: 'unknown', answer: /may not ask for save/ })
})

t.test('every policy but noeviction is a warning', async (t) => {
  t.match(told('Does it keep what it has when', {}), ['ok'])
  t.match(told('Does it keep what it has when', { maxmemory_policy: 'volatile-lru' }), ['warning', /volatile-lru/])
})

t.test('memory is short from four fifths of the limit on', async (t) => {
  t.match(told('Is there memory', {}), ['ok', 'Yes: 1 MB used, no limit set.'])
  t.match(told('Is there memory', { used_memory: '7000000', maxmemory: '10000000' }), ['ok'])
  t.match(told('Is there memory', { used_memory: '8000000', maxmemory: '10000000' }), ['warning', /8 MB of 10 MB/])
})

t.test('a replica cannot be written to', async (t) => {
  t.match(told('Can it be written', { role: 'slave' }), ['problem', /replica/])
  t.strictSame(told('Can it be written', {}), [undefined, undefined])
})

t.test(
  'a user without the rights that the gateway needs is a problem; a server that cannot tell is none',
  async (t) => {
    const about = (lacking?: readonly string[]) =>
      storeFindings({ info: good, save: '', mayTell: true, lacking }, 'redis:6379').find(({ question }) =>
        question.startsWith('May its user'),
      )

    t.match(about(['GET', 'ZADD']), { status: 'problem', answer: /not GET, ZADD on keys/, remedy: /docs\/storage.md/ })
    t.equal(about([]), undefined)
    t.equal(about(undefined), undefined)
  },
)

t.test('Sentinels that are too few are a warning; where none tells, nobody knows', async (t) => {
  const about = (quorum: string) =>
    storeFindings({ info: good, save: '', mayTell: true, quorum }, 'redis:6379').find(({ question }) =>
      question.startsWith('Can the Sentinels'),
    )

  t.match(about('OK 3 usable Sentinels.'), { status: 'ok' })
  t.match(about('NOQUORUM 1 usable Sentinels.'), { status: 'warning', answer: 'No: NOQUORUM 1 usable Sentinels.' })
  t.match(about(''), { status: 'unknown' })
})

t.test('no answer is a problem, one that is not due yet is unknown', async (t) => {
  const statusOf = (outcome: Parameters<typeof storeFindings>[0]) => storeFindings(outcome, 'redis:6379')[0]?.status

  t.equal(statusOf({ failure: 'timeout', code: '' }), 'problem')
  t.equal(statusOf({ refusal: 'NOAUTH' }), 'problem')
  t.equal(statusOf({ refusal: 'ERR' }), 'problem')
  t.equal(statusOf({ refusedDatabase: 99 }), 'problem')
  t.equal(statusOf({ refusal: 'LOADING' }), 'unknown')
  t.equal(statusOf({ failure: 'not_asked', code: '' }), 'unknown')
})

t.test(
  'a Cluster serves all slots, and its replicas are no problem; who may not use the channel is warned',
  async (t) => {
    const about = (facts: Partial<StoreFacts>) =>
      storeFindings({ info: { ...good, role: 'slave' }, save: '', mayTell: true, ...facts }, 'n1:6379, n2:6379')
        .filter(({ status }) => status !== 'ok')
        .map(({ question, status }) => [question, status])

    t.strictSame(about({ cluster: { cluster_state: 'ok', cluster_slots_ok: '16384' } }).length, 1)
    t.match(about({ cluster: { cluster_state: 'fail', cluster_slots_ok: '9000' } })[0], [/all slots/, 'problem'])
    t.match(about({ cluster: {}, mayTell: false })[1], [/tell each other/, 'warning'])
  },
)
