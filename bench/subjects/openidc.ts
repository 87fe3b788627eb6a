import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { benchBinaries, findBinary } from '../../test/support/binaries.ts'
import { freePort } from '../../test/support/free-port.ts'
import type { Run } from '../ending.ts'
import { client, type Stage } from '../parts/stage.ts'
import { startPinned } from '../pinned.ts'
import { type Subject, subjectOf } from './subject.ts'

export const openidcCookie = /^mod_auth_openidc_session/

const modules = `mpm_event authn_core authz_core authz_user headers proxy proxy_http auth_openidc`.split(/\s+/)

/**
 * Apache with mod_auth_openidc and its sessions in Redis, doing the same: session, bearer, proxy. Tuned as
 * it was found to be fastest: 8 processes of 16 threads, no encryption of what is in Redis.
 */
export async function startOpenidc(run: Run, stage: Stage): Promise<Subject> {
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  await stage.allowCallback(`${origin}/oauth/callback`)
  const folder = join(stage.folder, 'apache')
  mkdirSync(folder)
  const file = join(folder, 'apache.conf')
  writeFileSync(file, configOf(stage, origin, folder))
  const command = [findBinary(benchBinaries.apache) ?? 'apache2', '-DFOREGROUND', '-f', file]
  return subjectOf(origin, await startPinned(run, { command, port }))
}

function configOf({ cognito, redis, upstream }: Stage, origin: string, folder: string): string {
  const from = (findBinary(benchBinaries.openidc) ?? '').replace(/\/[^/]*$/, '')
  const proxy = (path: string, to: string) =>
    `ProxyPass ${path} ${to}${path} keepalive=On disablereuse=Off enablereuse=On max=16`
  return `
    ServerRoot ${folder}
    ServerName 127.0.0.1
    PidFile ${folder}/apache.pid
    Listen 127.0.0.1:${new URL(origin).port}
    ListenBacklog 8192
    ErrorLog ${folder}/error.log
    LogLevel warn
    DefaultRuntimeDir ${folder}
    ${modules.map((name) => `LoadModule ${name}_module ${from}/mod_${name}.so`).join('\n')}
    ${process.getuid?.() === 0 ? 'User www-data\nGroup www-data' : ''}

    StartServers 8
    ServerLimit 8
    ThreadsPerChild 16
    ThreadLimit 16
    MaxRequestWorkers 128
    MinSpareThreads 128
    MaxSpareThreads 128
    MaxConnectionsPerChild 0
    KeepAlive On
    MaxKeepAliveRequests 0
    KeepAliveTimeout 600

    OIDCProviderMetadataURL ${cognito.issuer}/.well-known/openid-configuration
    OIDCClientID ${client.id}
    OIDCClientSecret ${client.secret}
    OIDCRedirectURI ${origin}/oauth/callback
    OIDCCryptoPassphrase benchmark-of-this-machine
    OIDCScope "openid profile email"
    OIDCSessionType server-cache
    OIDCCacheType redis
    OIDCRedisCacheServer 127.0.0.1:${redis.port}
    OIDCCacheEncrypt Off
    OIDCSessionInactivityTimeout 43200
    OIDCSessionMaxDuration 86400
    OIDCPassClaimsAs environment
    OIDCStripCookies mod_auth_openidc_session

    <Location />
      AuthType openid-connect
      Require valid-user
      RequestHeader set Authorization "Bearer %{OIDC_access_token}e" env=OIDC_access_token
    </Location>
    ${proxy('/signed/', upstream.quick)}
    ${proxy('/signed-tool/', upstream.tool)}
  `
}
