import t from 'tap'
import { nearest } from '../../src/core/nearest.ts'

t.test('the nearest candidate is found over typing errors, case and separators', async (t) => {
  t.equal(nearest('upsteam', ['path', 'upstream']), 'upstream')
  t.equal(nearest('publicUrl', ['base_path', 'public_url']), 'public_url')
  t.equal(nearest('strip-path', ['path', 'strip_path']), 'strip_path')
})

t.test('of two near candidates the nearer wins', async (t) => {
  t.equal(nearest('scope', ['scoop', 'scopes']), 'scopes')
})

t.test('what is not near is not suggested', async (t) => {
  t.equal(nearest('workers', ['public_url', 'routes']), undefined)
  t.equal(nearest('host', ['path', 'port']), undefined)
  t.equal(nearest('', ['a_b']), undefined)
})
