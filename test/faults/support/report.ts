import { setTimeout } from 'node:timers/promises'
import type { Test } from 'tap'
import { type Load, type Outcome, startLoad } from './load.ts'
import type { Replica } from './replicas.ts'
import { faultMs, type Stage, tokenLifeMs } from './stage.ts'
import { until } from './until.ts'

/** A row: what goes wrong, and how one sees that it did. */
export interface Row {
  readonly name: string
  /** Counts calls to the store or the provider that failed; it must grow. */
  readonly failures: () => number | Promise<number>
  /** Whose answers count: of all replicas, or of the one that the fault concerns. */
  readonly replica?: Replica
}

interface Fault {
  readonly begin: () => unknown
  readonly end: () => unknown
  /** Whether the fault begins while refreshes are under way, or before they do. */
  readonly cutsIn: boolean
  /** What else happens while it lasts. */
  readonly meanwhile?: () => Promise<unknown>
  /** How much of the five seconds after it is waited; for the rest the clock is moved. Milliseconds. */
  readonly waitMs?: number
}

const settledMs = 5_000

/**
 * Puts everybody's requests through a fault: some before it, all its time, and five seconds after it. In it half of
 * the people's access tokens run out; the others' are good. Prints a line for each row and asserts that those meet
 * nothing, the rest nothing but 503 with Retry-After, and that all are served five seconds later.
 */
export async function underFault(t: Test, stage: Stage, rows: readonly Row[], fault: Fault): Promise<void> {
  const { waitMs = settledMs } = fault
  const failures = () => Promise.all(rows.map((row) => row.failures()))
  const failuresBefore = await failures()
  const calls = await stage.tokenCalls()
  const load = startLoad(stage)
  t.teardown(load.stop)
  await everybodyAsks(stage, load, 'before the fault', rows, ({ phase }) => phase === 'before')

  const refreshing = fault.cutsIn ? await holdRefreshes(stage, load) : undefined
  load.enter('during')
  await Promise.all([fault.begin(), refreshing?.release()])
  const good = refreshing?.good ?? (await expireTokens(stage, load))
  await Promise.all([setTimeout(faultMs), fault.meanwhile?.()])
  await everybodyAsks(stage, load, 'during the fault', rows, ({ phase }) => phase === 'during')
  await fault.end()
  const endedAt = performance.now()
  load.enter('after')
  await stage.control.heal()
  await setTimeout(waitMs)
  await stage.advance(settledMs - waitMs)
  const settledAt = performance.now()
  await everybodyAsks(stage, load, 'after the fault', rows, ({ at }) => at > settledAt)
  await load.stop()

  const refreshes = (await stage.tokenCalls()) - calls
  const failuresAfter = await failures()
  for (const [index, row] of rows.entries()) {
    const outcomes = of(row, load.outcomes)
    const failed = (failuresAfter[index] ?? 0) - (failuresBefore[index] ?? 0)
    report(t, row, outcomes, { refreshes, failed, waitedMs: lastWait(outcomes) - endedAt })
    if (refreshing) t.ok(refreshing.held > 0, `${row.name}: it cut into ${refreshing.held} refreshes`)
    const kept = outcomes.filter(
      ({ person, answered, kind }) => answered < (good.get(person) ?? 0) && kind !== 'served',
    )
    t.strictSame(details(kept), [], `${row.name}: whose token is good meets nothing`)
    t.strictSame(firstsAfter(outcomes, settledAt), new Set(['served']), `${row.name}: 5 s later all are served`)
  }
}

/** As `expireTokens`, but the answers to the refreshes wait until they are released: a moment later. */
async function holdRefreshes(stage: Stage, load: Load) {
  const proxies = stage.replicas.map(({ provider }) => provider)
  const count = () => sum(proxies.map((proxy) => proxy.held()))
  const before = count()
  for (const proxy of proxies) proxy.set({ kind: 'hold' })
  const good = await expireTokens(stage, load)

  async function release(): Promise<void> {
    await setTimeout(500)
    for (const proxy of proxies) proxy.heal()
  }
  return { good, held: count() - before, release }
}

/**
 * Moves the clocks until half of the tokens have run out, and waits until one is being refreshed and all others have
 * been to all replicas since. Gives until when the others are good.
 */
async function expireTokens(stage: Stage, load: Load): Promise<ReadonlyMap<string, number>> {
  const tries = async () => (await stage.tokenCalls()) + sum(stage.replicas.map(({ provider }) => provider.bites()))
  const triesBefore = await tries()
  await stage.advance(tokenLifeMs / 2)
  const at = performance.now()
  const isGood = ({ goodUntil }: Outcome) => goodUntil > stage.now() + tokenLifeMs / 4
  const good = new Map(load.outcomes.filter(isGood).map(({ person, goodUntil }) => [person, goodUntil - 1_000]))
  await until('a refresh', async () => (await tries()) > triesBefore)
  await until('who has a good token to ask', () => {
    const since = load.outcomes.filter((one) => one.at > at && good.has(one.person))
    return (
      new Set(since.map(({ person, replica }) => `${person} ${stage.replicas.indexOf(replica)}`)).size === 3 * good.size
    )
  })
  return good
}

function report(
  t: Test,
  { name }: Row,
  outcomes: readonly Outcome[],
  { refreshes, failed, waitedMs }: Readonly<Record<'refreshes' | 'failed' | 'waitedMs', number>>,
) {
  const count = (kind: Outcome['kind']) => outcomes.filter((outcome) => outcome.kind === kind).length
  const signOuts = new Set(outcomes.filter(({ kind }) => kind === 'sign-out').map(({ person }) => person)).size
  const unexpected = outcomes.filter(({ kind }) => kind === 'strange' || kind === 'sign-out')
  t.comment(
    `${name}: ${outcomes.length} requests (${count('served')} served, ${count('wait')} told to wait), ` +
      `${unexpected.length} unexpected answers, ${signOuts} sign-outs, ${refreshes} refresh calls, ${failed} failed calls; ` +
      (waitedMs > 0 ? `the last 503 ${(waitedMs / 1000).toFixed(1)} s after its end` : 'no 503 after its end'),
  )
  t.strictSame(details(unexpected), [], `${name}: 2xx with the right bearer, or 503 with Retry-After`)
  t.equal(signOuts, 0, `${name}: nobody is signed out`)
  t.ok(refreshes > 0, `${name}: ${refreshes} refreshes fell inside the fault`)
  t.ok(failed > 0, `${name}: the fault bit ${failed} times`)
}

/** When the last one that was told to wait had asked. */
function lastWait(outcomes: readonly Outcome[]): number {
  return Math.max(0, ...outcomes.filter(({ kind }) => kind === 'wait').map(({ at }) => at))
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

/** The first few are enough. */
function details(outcomes: readonly Outcome[]): readonly string[] {
  return outcomes.slice(0, 5).map(({ phase, person, detail }) => `${phase}, ${person}: ${detail}`)
}

function of({ replica }: Row, outcomes: readonly Outcome[]): readonly Outcome[] {
  return replica === undefined ? outcomes : outcomes.filter((outcome) => outcome.replica === replica)
}

/** Waits until all people have an outcome of this sort in each row. */
function everybodyAsks(
  stage: Stage,
  { outcomes }: Load,
  when: string,
  rows: readonly Row[],
  is: (outcome: Outcome) => boolean,
): Promise<void> {
  return until(`everybody to ask ${when}`, () =>
    rows.every(
      (row) =>
        new Set(
          of(row, outcomes)
            .filter(is)
            .map(({ person }) => person),
        ).size === stage.people.length,
    ),
  )
}

/** What each person's first request from then on led to. */
function firstsAfter(outcomes: readonly Outcome[], at: number): ReadonlySet<string> {
  const firsts = new Map<string, Outcome>()
  for (const outcome of outcomes) {
    const first = firsts.get(outcome.person)
    if (outcome.at >= at && (first === undefined || outcome.at < first.at)) firsts.set(outcome.person, outcome)
  }
  return new Set([...firsts.values()].map(({ kind, detail }) => (kind === 'strange' ? detail : kind)))
}
