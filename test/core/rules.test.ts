import t from 'tap'
import { type Claims, profileOf } from '../../src/core/claims.ts'
import { isAllowed } from '../../src/core/rules.ts'

const names = { user: 'sub', email: 'email', name: 'name', groups: 'cognito:groups' }
const anyone = {
  groups: undefined,
  emails: undefined,
  emailDomains: undefined,
  claims: undefined,
  clients: undefined,
}

function passes(allow: Partial<typeof anyone> | object, claims: Claims, trustUnverified = false): boolean {
  const profile = profileOf(claims, names, trustUnverified)
  return isAllowed({ ...anyone, ...allow }, { profile, claims, clientId: 'ours' })
}

t.test('without rules everyone passes', async (t) => {
  t.ok(passes({}, {}))
})

t.test('groups: any of them', async (t) => {
  const allow = { groups: ['analysts', 'admins'] }
  const cases = [
    [{ 'cognito:groups': ['x', 'admins'] }, true],
    [{ 'cognito:groups': 'analysts' }, true],
    [{ 'cognito:groups': ['Analysts'] }, false],
    [{ 'cognito:groups': 'analysts,x' }, false],
    [{ 'cognito:groups': [['admins']] }, false],
    [{ 'cognito:groups': [] }, false],
    [{ 'cognito:groups': { 0: 'admins' } }, false],
    [{ groups: ['admins'] }, false],
    [{}, false],
  ] as const

  for (const [claims, expected] of cases) t.equal(passes(allow, claims), expected, JSON.stringify(claims))
})

t.test('e-mail rules count a verified address with exactly one @, in lower case', async (t) => {
  const byAddress = { emails: ['ada@corp.com'] }
  const byDomain = { emailDomains: ['corp.com'] }
  const cases = [
    ['ada@corp.com', true, true, true],
    ['ADA@Corp.COM', true, true, true],
    ['ada@corp.com', 'true', true, true],
    ['grace@corp.com', true, false, true],
    ['ada@corp.com', false, false, false],
    ['ada@corp.com', 'false', false, false],
    ['ada@corp.com', 1, false, false],
    ['ada@corp.com', undefined, false, false],
    ['ada@evil@corp.com', true, false, false],
    ['ada@corp.com@evil.com', true, false, false],
    ['ada@sub.corp.com', true, false, false],
    ['ada@evilcorp.com', true, false, false],
    ['ada@corp.com.evil.com', true, false, false],
    ['@corp.com', true, false, false],
    ['ada@', true, false, false],
    ['ada corp@corp.com', true, false, false],
    ['ada@corp.com\n', true, false, false],
    ['', true, false, false],
    [['ada@corp.com'], true, false, false],
    [undefined, true, false, false],
  ] as const

  for (const [email, verified, address, domain] of cases) {
    const claims = { email, email_verified: verified }
    t.equal(passes(byAddress, claims), address, `emails: ${JSON.stringify(claims)}`)
    t.equal(passes(byDomain, claims), domain, `email_domains: ${JSON.stringify(claims)}`)
  }
  t.ok(passes(byDomain, { email: 'ada@corp.com' }, true), 'where unverified ones are trusted')
  t.notOk(passes(byDomain, { email: 'ada@evil@corp.com' }, true))
})

t.test('claims: each of them, by any of the wanted values', async (t) => {
  const cases = [
    [{ team: 'research' }, { team: 'research' }, true],
    [{ team: ['research', 'finance'] }, { team: 'finance' }, true],
    [{ team: 'research' }, { team: ['x', 'research'] }, true],
    [{ team: 'true' }, { team: true }, true],
    [{ team: '7' }, { team: 7 }, true],
    [{ team: 'research', level: '2' }, { team: 'research', level: '2' }, true],
    [{ team: 'research', level: '2' }, { team: 'research' }, false],
    [{ team: 'research' }, { team: 'Research' }, false],
    [{ team: 'undefined' }, {}, false],
    [{ team: 'null' }, { team: null }, false],
    [{ team: '[object Object]' }, { team: {} }, false],
    [{ team: 'a' }, { team: [['a']] }, false],
    [{ team: '' }, { team: [] }, false],
  ] as const

  for (const [claims, has, expected] of cases) t.equal(passes({ claims }, has), expected, JSON.stringify([claims, has]))
})

t.test('every key must match', async (t) => {
  const allow = { groups: ['analysts'], emailDomains: ['corp.com'], claims: { team: 'research' } }
  const all = { 'cognito:groups': ['analysts'], email: 'ada@corp.com', email_verified: true, team: 'research' }

  t.ok(passes(allow, all))
  for (const name of Object.keys(all)) t.notOk(passes(allow, { ...all, [name]: undefined }), `without ${name}`)
})
