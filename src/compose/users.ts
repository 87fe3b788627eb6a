import type { FastifyBaseLogger } from 'fastify'
import { createAuditLog } from '../adapters/audit-log.ts'
import { createKeyring } from '../adapters/keyring.ts'
import { createRedisStore } from '../adapters/redis/store.ts'
import type { Config } from '../config/schema.ts'
import { storeOf } from '../config/store.ts'
import { createEmailLookUp } from '../core/email-look-up.ts'
import { createEndings } from '../core/endings.ts'
import { createGrantStore } from '../core/mcp/grant-store.ts'
import { createRevoking } from '../core/revoke.ts'
import { createUserStore } from '../core/user-store.ts'
import { createUsers, type Users } from '../core/users.ts'
import { composeProviders } from './providers.ts'

/** The users of this config's Redis, for a command beside its gateways: these revoke what the command ends. `undefined`: memory. */
export function composeUsers(
  config: Config,
  logger: FastifyBaseLogger,
): (Users & { readonly close: () => Promise<void> }) | undefined {
  const connection = storeOf(config)
  if (connection === undefined) return undefined
  const { sessions, encryption_keys: keys } = config
  const { records, revocations, addresses } = createRedisStore({ ...connection, keyPrefix: config.store.key_prefix })
  const now = Date.now
  const { audit } = createAuditLog(config.log.audit, logger)
  const { providers } = composeProviders(config, now, async () => undefined)
  const sealed = { records, keyring: createKeyring(keys), now }
  const store = createUserStore({ ...sealed, lifetimes: { idleMs: sessions.idle, absoluteMs: sessions.absolute } })
  return {
    ...createUsers({
      records,
      store,
      grants: createGrantStore(sealed),
      emailLookUp: createEmailLookUp({ ...sealed, addresses, providers, sessionMs: sessions.absolute }),
      endings: createEndings(store, createRevoking(revocations), audit),
      providers,
      audit,
    }),
    close: () => records.close(),
  }
}
