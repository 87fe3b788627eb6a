import type { Redis, Result } from 'ioredis'
import { formats } from '../../core/formats.ts'

declare module 'ioredis' {
  interface RedisCommander<Context> {
    toolgateWrite(record: string, index: string, ...words: ScriptWord[]): Result<number | null, Context>
    toolgateTouch(record: string, index: string, ...words: ScriptWord[]): Result<number, Context>
    toolgateEndBuffer(index: string, ...words: ScriptWord[]): Result<Buffer[], Context>
    toolgateList(index: string): Result<string[], Context>
    toolgateAddAddress(address: string, ...words: ScriptWord[]): Result<number, Context>
    toolgateRenew(lock: string, owner: string, ttlMs: number): Result<number, Context>
    toolgateRelease(lock: string, owner: string): Result<number, Context>
  }
}

type ScriptWord = string | number | Buffer

// What the scripts below share. Redis does not undo a script that fails half-way, so each one reads before it writes.
const shared = `
local states = { live = true, refused = true, ended = true }

local function read(key)
  local value = redis.call('GET', key)
  if not value then return nil end
  local state, version, mark, body_at = string.match(value, '^${formats.record} (%l+) (%d+) (%S*) %S*\\n()')
  if not states[state] then error('a record has a format unknown here') end
  return { state = state, version = tonumber(version), mark = mark, body = string.sub(value, body_at) }
end

local function is_open(record)
  return record and record.state ~= 'ended'
end

local function write(key, state, version, mark, reason, body, ttl)
  local header = string.format('${formats.record} %s %d %s %s\\n', state, version, mark, reason)
  redis.call('SET', key, header .. body, 'PX', ttl)
end

local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Drops what has expired; the index itself lasts as long as the last of its entries.
local function settle(index)
  redis.call('ZREMRANGEBYSCORE', index, '-inf', now())
  local last = redis.call('ZRANGE', index, -1, -1, 'WITHSCORES')
  if last[2] then redis.call('PEXPIREAT', index, last[2]) end
end

local function enter(index, name, ttl)
  redis.call('ZADD', index, now() + ttl, name)
  settle(index)
end

-- What cannot be told, for want of a right to the channel, must not undo what was done.
local function tell(channel, user)
  redis.pcall('PUBLISH', channel, user)
end
`

// KEYS: record, index. ARGV: channel, user, name, condition, its value, state, mark, reason, ttl, body.
const write = `${shared}
local channel, user, name, condition, expected, state, mark, reason, ttl, body = unpack(ARGV)
local there = read(KEYS[1])
local holds = false
if condition == 'new' then
  holds = not is_open(there)
elseif condition == 'version' then
  holds = is_open(there) and there.version == tonumber(expected)
elseif condition == 'mark' then
  holds = is_open(there) and there.mark == expected
end
if not holds then return false end

local version = (there and there.version or 0) + 1
write(KEYS[1], state, version, mark, reason, body, ttl)
enter(KEYS[2], name, ttl)
tell(channel, user)
return version
`

// KEYS: record, index. ARGV: name, ttl.
const touch = `${shared}
local name, ttl = unpack(ARGV)
local there = read(KEYS[1])
if not there or there.state ~= 'live' then return 0 end

redis.call('PEXPIRE', KEYS[1], ttl)
enter(KEYS[2], name, ttl)
return 1
`

// KEYS: index. ARGV: channel, user, reason, ttl of a tombstone, how many names come first that are to end ('sessions':
// those of the index), these names, the names of orphans. A record's key differs from the index's in what follows the
// hash tag only.
const end = `${shared}
local index = KEYS[1]
local channel, user, reason, ttl, wanted = unpack(ARGV, 1, 5)
local count = tonumber(wanted) or 0
local base = string.sub(index, 1, -2)

local function sessions()
  local names = {}
  for _, name in ipairs(redis.call('ZRANGE', index, 0, -1)) do
    if string.sub(name, 1, 2) == 's:' then table.insert(names, name) end
  end
  return names
end

settle(index)
local named = wanted == 'sessions' and sessions() or { unpack(ARGV, 6, 5 + count) }
local orphans = { unpack(ARGV, 6 + count) }
for _, names in ipairs({ named, orphans }) do
  for _, name in ipairs(names) do read(base .. name) end
end

local ended = {}
local function end_all(names)
  for _, name in ipairs(names) do
    local there = read(base .. name)
    if is_open(there) then
      write(base .. name, 'ended', there.version + 1, '', reason, '', ttl)
      table.insert(ended, name)
      table.insert(ended, there.body)
    end
    redis.call('ZREM', index, name)
  end
end

end_all(named)
if #sessions() == 0 then end_all(orphans) end
settle(index)
if #ended > 0 then tell(channel, user) end
return ended
`

// KEYS: index. Gives each name with the time it expires, the soonest first.
const list = `${shared}
return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. string.format('%d', now()), '+inf', 'WITHSCORES')
`

// KEYS: address. ARGV: user, ttl, how many users are kept at most.
const addAddress = `${shared}
local user, ttl, most = unpack(ARGV)
redis.call('ZADD', KEYS[1], 'GT', now() + ttl, user)
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - most)
settle(KEYS[1])
return 1
`

// KEYS: lock. ARGV: owner, ttl.
const renew = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`

// KEYS: lock. ARGV: owner.
const release = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`

/** Gives the client its scripts as commands. Redis gets the text again whenever it has lost it. */
export function defineScripts(redis: Redis): void {
  redis.defineCommand('toolgateWrite', { numberOfKeys: 2, lua: write })
  redis.defineCommand('toolgateTouch', { numberOfKeys: 2, lua: touch })
  redis.defineCommand('toolgateEnd', { numberOfKeys: 1, lua: end })
  redis.defineCommand('toolgateList', { numberOfKeys: 1, lua: list })
  redis.defineCommand('toolgateAddAddress', { numberOfKeys: 1, lua: addAddress })
  redis.defineCommand('toolgateRenew', { numberOfKeys: 1, lua: renew })
  redis.defineCommand('toolgateRelease', { numberOfKeys: 1, lua: release })
}
