import type { UpstreamTls } from '../core/route.ts'

/** A route's TLS settings in Node's words. The certificate is verified unless it says otherwise. */
export function tlsOptions(tls: UpstreamTls | undefined) {
  return {
    rejectUnauthorized: tls?.insecure !== true,
    ...(tls?.ca && { ca: tls.ca }),
    ...(tls?.clientCert && { cert: tls.clientCert }),
    ...(tls?.clientKey && { key: tls.clientKey }),
    ...(tls?.serverName && { servername: tls.serverName }),
  }
}
