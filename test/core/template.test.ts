import t from 'tap'
import { parseTemplate } from '../../src/core/template.ts'

t.test('names are told once each, in order', async (t) => {
  t.strictSame(parseTemplate('{b} and {a} and {b}').names, ['b', 'a'])
  t.strictSame(parseTemplate('plain').names, [])
})

t.test('each place is filled, a name without a value leaves nothing', async (t) => {
  const { render } = parseTemplate('Token {access_token}; {name}!')

  t.equal(render({ access_token: 'abc', name: 'Ada' }), 'Token abc; Ada!')
  t.equal(render({ access_token: 'abc' }), 'Token abc; !')
})

t.test('what is filled in is not read again, and only own values count', async (t) => {
  t.equal(parseTemplate('{a}{toString}{$&}').render({ a: '{b}$1', b: 'no' }), '{b}$1')
})

t.test('a brace without its partner is a SyntaxError', async (t) => {
  for (const text of ['{a', 'a}', '{a}}', '{{a}', '{{a}}']) t.throws(() => parseTemplate(text), SyntaxError, text)
})
