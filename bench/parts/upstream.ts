import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../test/support/free-port.ts'
import type { Run } from '../ending.ts'
import { cores, startPinned } from '../pinned.ts'

/** What is behind every subject. Both serve the same below `/signed`, where a bearer must come along, and `/public`. */
export interface Upstream {
  /** nginx: `data` (1 KB of JSON), `seen` (the `Authorization` that arrived), `1mb`, `100mb`. */
  readonly quick: string
  /** A Node server, below `/signed-tool` and `/public-tool`: `sink` for uploads, `events`, `socket`. */
  readonly tool: string
  /** Processes of the first, to be moved to other cores. */
  readonly pid: number
}

/** What most rows ask for, 1,023 bytes. */
export const dataBytes = 1023
const data = JSON.stringify({ reports: 'x'.repeat(dataBytes - '{"reports":""}'.length) })

/** Starts both on the core of the others. */
export async function startUpstream(run: Run, folder: string): Promise<Upstream> {
  const [quickPort, toolPort] = [await freePort(), await freePort()]
  for (const megabytes of [1, 100]) writeFileSync(join(folder, `${megabytes}mb`), Buffer.alloc(megabytes * 1e6, 'x'))
  const quick = await startNginx(run, join(folder, 'upstream'), quickPort, cores.others, locations(folder))
  const tool = new URL('tool.ts', import.meta.url).pathname
  await startPinned(run, {
    command: [process.execPath, tool, String(toolPort)],
    port: toolPort,
    on: cores.others,
  })
  return { quick: `http://127.0.0.1:${quickPort}`, tool: `http://127.0.0.1:${toolPort}`, pid: quick.pid }
}

/** An answer without the bearer counts as an error in every load, so that no row can pass by what it redirects. */
function locations(folder: string): string {
  const needed = 'if ($http_authorization !~ "^Bearer .") { return 401; }'
  return ['signed', 'public']
    .map(
      (prefix) => `
      location = /${prefix}/data {
        default_type application/json;
        ${prefix === 'signed' ? needed : ''}
        return 200 '${data}';
      }
      location = /${prefix}/seen { default_type text/plain; return 200 "$http_authorization"; }
      location = /${prefix}/1mb { alias ${folder}/1mb; }
      location = /${prefix}/100mb { alias ${folder}/100mb; }`,
    )
    .join('')
}

/** Starts nginx with one worker and these locations. `more` stands beside the server. */
export async function startNginx(run: Run, folder: string, port: number, on: string, locations: string, more = '') {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'nginx.conf')
  writeFileSync(
    file,
    `worker_processes 1;
    worker_rlimit_nofile 16000;
    daemon off;
    pid ${folder}/nginx.pid;
    error_log ${folder}/error.log warn;
    events { worker_connections 15000; }
    http {
      access_log off;
      sendfile on;
      keepalive_requests 1000000000;
      keepalive_timeout 10m;
      client_max_body_size 0;
      ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join('\n')}
      ${more}
      server {
        listen 127.0.0.1:${port} backlog=8192;
        ${locations}
      }
    }`,
  )
  return startPinned(run, { command: ['nginx', '-e', `${folder}/error.log`, '-c', file], port, on })
}
