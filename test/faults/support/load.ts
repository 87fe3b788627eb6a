import { setTimeout } from 'node:timers/promises'
import { decodeJwt } from 'jose'
import type { Replica } from './replicas.ts'
import type { Person, Stage } from './stage.ts'

export type Phase = 'before' | 'during' | 'after'

/**
 * `served`: 2xx, with this person's good bearer at the tool. `wait`: 503 with Retry-After.
 * `sign-out`: 401, or on the way to sign-in. Everything else is `strange`.
 */
type Kind = 'served' | 'wait' | 'sign-out' | 'strange'

export interface Answer {
  readonly kind: Kind
  readonly detail: string
  /** When the bearer that the tool saw runs out; 0 where it saw none. Milliseconds since the epoch. */
  readonly goodUntil: number
}

/** What one request of one person led to. */
export interface Outcome extends Answer {
  readonly person: string
  readonly replica: Replica
  readonly phase: Phase
  /** When it was sent, performance.now(). */
  readonly at: number
  /** When it was answered, by the moved clock. */
  readonly answered: number
}

/** How a page is asked for. Every other person is a page, the rest are its scripts. */
const navigation = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const perSecond = 4
const patienceMs = 20_000

/** A load of requests by all people, over all replicas in turn, until it is stopped. */
export type Load = ReturnType<typeof startLoad>

/** Starts it. What comes back from a replica that was ended on purpose is asked again of the next, as balancers do. */
export function startLoad(stage: Stage) {
  const outcomes: Outcome[] = []
  let phase: Phase = 'before'
  let running = true
  const users = stage.people.map(async (person, index) => {
    await setTimeout((index / stage.people.length) * (1000 / perSecond))
    for (let turn = index; running; turn++) {
      const next = setTimeout(1000 / perSecond)
      outcomes.push(await ask(person, turn))
      await next
    }
  })

  async function ask(person: Person, turn: number): Promise<Outcome> {
    const sentIn = phase
    const at = performance.now()
    for (;;) {
      const up = stage.replicas.filter((replica) => replica.isUp())
      const replica = up[turn % up.length]
      if (replica === undefined) throw new Error('no replica is up')
      const outcome = { person: person.name, replica, phase: sentIn, at }
      try {
        const answer = await answerTo(stage, person, replica)
        return { ...outcome, ...answer, answered: stage.now() }
      } catch (error) {
        if (replica.isUp())
          return { ...outcome, kind: 'strange', detail: String(error), goodUntil: 0, answered: stage.now() }
      }
    }
  }

  return {
    outcomes,
    enter(next: Phase) {
      phase = next
    },
    async stop() {
      running = false
      await Promise.all(users)
    },
  }
}

/** One request of one person to one replica. */
export async function answerTo({ origin, now }: Stage, { name, browser }: Person, { pool }: Replica): Promise<Answer> {
  const sent = now()
  const isPage = Number(name.split('-')[1]) % 2 === 0
  const { statusCode, headers, body } = await pool.request({
    method: 'GET',
    path: '/tool',
    headers: { cookie: browser.cookieHeader(origin), 'sec-fetch-site': 'same-origin', ...(isPage && navigation) },
    signal: AbortSignal.timeout(patienceMs),
  })
  const text = await body.text()
  const bearer = statusCode === 200 ? bearerIn(text) : undefined
  const goodUntil = bearer?.goodUntil ?? 0
  const answer = (kind: Kind) => ({
    kind,
    detail: `${statusCode} ${headers.location ?? ''} ${text.slice(0, 300)}`,
    goodUntil,
  })
  if (bearer?.username === name && goodUntil > sent) return { ...answer('served'), detail: '' }
  if (statusCode === 503 && Number(headers['retry-after']) > 0) return answer('wait')
  return answer(statusCode === 401 || statusCode === 302 ? 'sign-out' : 'strange')
}

/** What came back, each sort once. */
export function sortsOf(answers: readonly Answer[]): readonly string[] {
  return [...new Set(answers.map(({ kind, detail }) => (kind === 'strange' ? detail : kind)))]
}

/** The bearer that the tool saw. */
function bearerIn(echoed: string) {
  const { authorization = '' } = JSON.parse(echoed).headers
  const { username, exp = 0 } = decodeJwt(authorization.replace('Bearer ', ''))
  // `exp` is in whole seconds, rounded down.
  return { username, goodUntil: (exp + 1) * 1000 }
}
