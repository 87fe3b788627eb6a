import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../test/support/free-port.ts'
import type { Run } from '../ending.ts'
import type { Stage } from '../parts/stage.ts'
import { startNginx } from '../parts/upstream.ts'
import { cores, startPinned } from '../pinned.ts'
import { type Subject, subjectOf } from './subject.ts'

/** The upstream itself, with nothing before it: the limit of the load generator and of the machine. */
export function direct({ upstream }: Stage): Subject {
  return { origin: upstream.quick, pids: () => [], program: undefined }
}

/** `@fastify/http-proxy` without authentication. */
export async function startBare(run: Run, { upstream }: Stage): Promise<Subject> {
  const port = await freePort()
  const script = fileURLToPath(new URL('bare.ts', import.meta.url))
  const command = [process.execPath, script, String(port), upstream.quick, upstream.tool]
  return subjectOf(`http://127.0.0.1:${port}`, await startPinned(run, { command, port }))
}

/** nginx as a proxy with kept connections, one worker, streaming as the gateway does. */
export async function startNginxProxy(run: Run, { folder, upstream }: Stage): Promise<Subject> {
  const port = await freePort()
  const pool = (name: string, url: string) =>
    `upstream ${name} { server ${new URL(url).host}; keepalive 128; keepalive_requests 1000000000; }`
  const settings = `
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_request_buffering off;
    proxy_max_temp_file_size 0;`
  const locations = `
    ${settings}
    location / { proxy_pass http://quick; }
    location ~ ^/(signed|public)-tool/ { proxy_buffering off; proxy_pass http://tool; }`
  const pools = pool('quick', upstream.quick) + pool('tool', upstream.tool)
  const program = await startNginx(run, join(folder, 'proxy'), port, cores.subject, locations, pools)
  return subjectOf(`http://127.0.0.1:${port}`, program)
}
