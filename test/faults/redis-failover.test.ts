import t from 'tap'
import { startCluster, startSentinel } from '../support/redis-topologies.ts'
import { underFault } from './support/report.ts'
import { type Stage, startStage } from './support/stage.ts'

// Most of their time is spent waiting for Redis to promote somebody.
t.jobs = 2

/** How often a replica found the store away. */
const failures = ({ replicas }: Stage) => replicas.reduce((sum, replica) => sum + replica.said(/store is away/), 0)

t.test('the primary that Sentinels watch is killed: nobody is signed out', async (t) => {
  const topology = await startSentinel(t, { appendonly: true })
  const stage = await startStage(t, { storeUrl: topology.url })
  const primary = await topology.primary()

  await underFault(t, stage, [{ name: 'Sentinel: primary killed', failures: () => failures(stage) }], {
    cutsIn: true,
    begin: () => primary.kill(),
    meanwhile: () => topology.promoted(primary),
    end: () => primary.restart(),
  })
})

t.test('a primary of a Redis Cluster is killed: nobody is signed out', async (t) => {
  const topology = await startCluster(t, { appendonly: true })
  const stage = await startStage(t, { storeUrl: topology.url })
  const primary = await topology.ownerOf(0)

  await underFault(t, stage, [{ name: 'Cluster: a primary killed', failures: () => failures(stage) }], {
    cutsIn: true,
    begin: () => primary.kill(),
    meanwhile: () => topology.promoted(0, primary),
    end: () => primary.restart(),
  })
})
