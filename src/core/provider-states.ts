import type { Provider } from './provider.ts'
import type { OnProvider } from './provider-rest.ts'

const patienceMs = 500

/** What is known of each provider, by its name. */
export type ProviderStates = () => Promise<Readonly<Record<string, 'ok' | 'unavailable'>>>

/** Which providers answer: where their endpoints are, and, as far as `hear` was told, when tokens are refreshed. */
export function createProviderStates(providers: ReadonlyMap<string, Provider>): {
  readonly states: ProviderStates
  readonly hear: OnProvider
} {
  const silent = new Set<string>()
  return {
    hear: (name, answers) => void (answers ? silent.delete(name) : silent.add(name)),
    async states() {
      const entries = [...providers].map(async ([name, provider]) => {
        const answers = !silent.has(name) && (await soon(provider.isThere()))
        return [name, answers ? 'ok' : 'unavailable'] as const
      })
      return Object.fromEntries(await Promise.all(entries))
    },
  }
}

/** Whoever asks has little time: a provider that lets us wait is as good as away. */
function soon(answer: Promise<boolean>): Promise<boolean> {
  return new Promise((resolve) => {
    setTimeout(resolve, patienceMs, false).unref()
    answer.then(resolve)
  })
}
