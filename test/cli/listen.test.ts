import fastify from 'fastify'
import t from 'tap'
import { freeAddress, listen } from '../../src/cli/listen.ts'

const host = '127.0.0.1'

t.test('a port that others share is not free to be shared by strangers', async (t) => {
  const worker = fastify()
  t.teardown(() => worker.close())
  const { port } = await freeAddress({ host, port: 0 }, 'listen.port')
  await listen(worker, { host, port, reusePort: true }, 'listen.port')

  const asked = freeAddress({ host, port }, 'listen.port')

  await t.rejects(asked, { message: `listen.port: ${host}:${port} is taken by another process; choose another.` })
})

t.test('port 0 becomes one that all workers listen on', async (t) => {
  const workers = [fastify(), fastify()]
  t.teardown(() => Promise.all(workers.map((worker) => worker.close())))

  const at = await freeAddress({ host, port: 0 }, 'listen.port')
  const urls = await Promise.all(workers.map((worker) => listen(worker, { ...at, reusePort: true }, 'listen.port')))

  t.strictSame(urls, Array(2).fill(`http://${host}:${at.port}`))
  t.not(at.port, 0)
})
