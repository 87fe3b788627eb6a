import t from 'tap'
import type { InvalidationListener } from '../../src/core/ports.ts'
import { shareInvalidations } from '../../src/core/shared-invalidations.ts'

t.test('each listener hears every change, and who comes later whether changes are heard', async (t) => {
  const heard: string[] = []
  const sources: InvalidationListener[] = []
  const shared = shareInvalidations({ listen: (listener) => sources.push(listener) })
  const listenAs = (name: string) =>
    shared.listen({
      changed: (user) => heard.push(`${name} ${user}`),
      hearing: (isHearing) => heard.push(`${name} ${isHearing}`),
    })

  listenAs('one')
  sources[0]?.hearing(true)
  listenAs('two')
  sources[0]?.changed('ada')
  sources[0]?.hearing(false)

  t.equal(sources.length, 1)
  t.strictSame(heard, ['one true', 'two true', 'one ada', 'two ada', 'one false', 'two false'])
})
