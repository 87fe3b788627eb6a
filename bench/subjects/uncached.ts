// Loaded before the gateway (`node --import`): composes it without its session cache, so that each request reads Redis.
import { registerHooks } from 'node:module'

registerHooks({
  resolve(specifier, context, nextResolve) {
    const resolved = nextResolve(specifier, context)
    if (!resolved.url.endsWith('/src/core/session-cache.ts')) return resolved
    return { ...resolved, url: new URL('no-session-cache.ts', import.meta.url).href }
  },
})
