import t from 'tap'
import { acceptFor, isHandshake } from '../../src/core/web-socket.ts'

const handshake = {
  upgrade: 'websocket',
  connection: 'Upgrade',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version': '13',
}

t.test('a WebSocket handshake is one that is nothing else besides', async (t) => {
  const cases = [
    ['GET', {}, true],
    ['GET', { upgrade: 'WebSocket', connection: 'keep-alive, Upgrade' }, true],
    ['GET', { connection: 'upgrade,keep-alive' }, true],
    ['GET', { 'content-length': '0' }, true],
    ['POST', {}, false],
    ['HEAD', {}, false],
    ['CONNECT', {}, false],
    ['GET', { upgrade: undefined }, false],
    ['GET', { upgrade: 'h2c' }, false],
    ['GET', { upgrade: 'websocket, h2c' }, false],
    ['GET', { upgrade: 'websocket, websocket' }, false],
    ['GET', { upgrade: 'websocket/13' }, false],
    ['GET', { connection: undefined }, false],
    ['GET', { connection: 'keep-alive' }, false],
    ['GET', { connection: 'x-upgrade' }, false],
    ['GET', { 'sec-websocket-key': undefined }, false],
    ['GET', { 'sec-websocket-key': 'short' }, false],
    ['GET', { 'sec-websocket-key': `${handshake['sec-websocket-key']}, ${handshake['sec-websocket-key']}` }, false],
    ['GET', { 'sec-websocket-version': undefined }, false],
    ['GET', { 'sec-websocket-version': '8' }, false],
    ['GET', { 'sec-websocket-version': '13, 8' }, false],
    ['GET', { 'content-length': '1' }, false],
    ['GET', { 'transfer-encoding': 'chunked' }, false],
  ] as const

  for (const [method, headers, expected] of cases) {
    t.equal(isHandshake({ method, headers: { ...handshake, ...headers } }), expected, JSON.stringify([method, headers]))
  }
})

t.test('a key has one answer, that of RFC 6455 section 1.3', async (t) => {
  t.equal(acceptFor('dGhlIHNhbXBsZSBub25jZQ=='), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
})
