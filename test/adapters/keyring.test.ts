import { randomBytes } from 'node:crypto'
import t from 'tap'
import { createKeyring } from '../../src/adapters/keyring.ts'

const oldKey = Buffer.alloc(32, 1)
const newKey = Buffer.alloc(32, 2)
const keyring = createKeyring([newKey, oldKey])
const plain = Buffer.from('refresh token')
const sealedByFormat1 = 'AS4ybB5a5UGUQsSVpc20Yhq+lT8YTMxdQ09j2yjnaXijVBCnCg58BA+itfcAO4yhALHdkWGmUVE/t1wcOoeGoW21'

t.test('what was sealed opens with the same purpose and context', async (t) => {
  const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))

  const opened = keyring.open('session', 'a', keyring.seal('session', 'a', everyByte))

  t.strictSame(opened, everyByte)
})

t.test('an empty text opens as an empty text', async (t) => {
  const opened = keyring.open('session', 'a', keyring.seal('session', 'a', new Uint8Array()))

  t.equal(opened?.length, 0)
})

t.test('another purpose or context opens nothing, also where the two run together to the same text', async (t) => {
  const sealed = keyring.seal('session', 'a', plain)

  t.equal(keyring.open('attempt', 'a', sealed), undefined)
  t.equal(keyring.open('session', 'b', sealed), undefined)
  t.equal(keyring.open('sessiona', '', sealed), undefined)
  t.equal(keyring.open('', 'sessiona', sealed), undefined)
})

t.test('a change of any byte opens nothing', async (t) => {
  const sealed = keyring.seal('session', 'a', plain)

  const opened = Array.from(sealed, (byte, at) => {
    const changed = Uint8Array.from(sealed)
    changed[at] = byte ^ 1
    return keyring.open('session', 'a', changed)
  })

  t.equal(opened.length, 1 + 8 + 16 + 12 + plain.length + 16)
  t.ok(opened.every((text) => text === undefined))
})

t.test('anything cut short, longer or foreign opens nothing and throws nothing', async (t) => {
  const sealed = keyring.seal('session', 'a', plain)
  const shorter = Array.from(sealed, (_, length) => sealed.subarray(0, length))
  const foreign = [Buffer.concat([sealed, Buffer.of(0)]), randomBytes(200), Buffer.alloc(53), Buffer.from('no')]

  const opened = [...shorter, ...foreign].map((bytes) => keyring.open('session', 'a', bytes))

  t.ok(opened.every((text) => text === undefined))
})

t.test('the same text never seals to the same bytes', async (t) => {
  const first = Buffer.from(keyring.seal('session', 'a', plain))
  const second = Buffer.from(keyring.seal('session', 'a', plain))

  t.notOk(first.subarray(9).equals(second.subarray(9)))
  t.notOk(first.includes(plain))
})

t.test('a key is added last, moved to the front, and the old one removed, without losing a record', async (t) => {
  const sealedWithOld = createKeyring([oldKey]).seal('session', 'a', plain)

  const addedLast = createKeyring([oldKey, newKey])
  const movedFirst = createKeyring([newKey, oldKey])
  const oldRemoved = createKeyring([newKey])

  t.strictSame(addedLast.open('session', 'a', sealedWithOld), plain)
  t.strictSame(movedFirst.open('session', 'a', sealedWithOld), plain)
  t.strictSame(addedLast.open('session', 'a', movedFirst.seal('session', 'a', plain)), plain, 'while it rolls out')
  t.strictSame(oldRemoved.open('session', 'a', movedFirst.seal('session', 'a', plain)), plain)
  t.equal(oldRemoved.open('session', 'a', sealedWithOld), undefined)
  t.strictSame(
    [addedLast, movedFirst, oldRemoved].map(({ isCurrent }) => isCurrent(sealedWithOld)),
    [true, false, false],
    'what has to be sealed anew',
  )
})

t.test('digests: one per key, the first key first, other for another purpose or text', async (t) => {
  const [first, second, ...more] = keyring.digests('user', 'cognito:1')

  t.match(first, /^[\w-]{43}$/)
  t.strictSame(more, [])
  t.strictSame(createKeyring([oldKey, newKey]).digests('user', 'cognito:1'), [second, first])
  t.not(first, second)
  t.not(first, keyring.digests('email', 'cognito:1')[0])
  t.not(first, keyring.digests('user', 'cognito:2')[0])
})

t.test('no key, or one that is not 32 bytes, is refused at once', async (t) => {
  t.throws(() => createKeyring([]), RangeError)
  t.throws(() => createKeyring([newKey, Buffer.alloc(31)]), RangeError)
})

t.test('what is sealed today opens in later releases', async (t) => {
  const sealed = Buffer.from(sealedByFormat1, 'base64')

  t.strictSame(createKeyring([oldKey]).open('session', 'a', sealed), plain)
})
