// `toolgate serve` with a clock that its parent moves. Arguments: the config file, how far the clock is ahead.
import { once } from 'node:events'
import { start } from '../../../src/cli/start.ts'
import { loadConfig } from '../../../src/config/load.ts'

let ahead = Number(process.argv[3])
process.on('message', (ms) => {
  ahead = Number(ms)
  process.send?.('moved')
})
// Its parent is gone.
process.once('disconnect', () => process.exit())

const { config } = await loadConfig(process.argv[2] ?? '', process.env)
const gateway = await start(config, { now: () => Date.now() + ahead })
process.send?.('ready')

await once(process, 'SIGTERM')
gateway.drain()
await gateway.close()
process.disconnect?.()
