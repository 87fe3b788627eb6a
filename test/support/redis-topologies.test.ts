import t from 'tap'
import { startCluster, startSentinel } from './redis-topologies.ts'

t.test('Sentinels promote a replica when the primary is killed', async (t) => {
  const { servers, primary, promoted } = await startSentinel(t)
  const former = await primary()
  t.equal(former, servers[0])

  await former.kill()
  await promoted(former)

  t.not(await primary(), former)
})

t.test('a Cluster promotes a replica when a primary is killed', async (t) => {
  const { nodes, ownerOf, promoted } = await startCluster(t)
  const former = await ownerOf(0)
  t.equal(former, nodes[0])

  await former.kill()
  await promoted(0, former)

  t.equal(await ownerOf(0), nodes[3])
})
