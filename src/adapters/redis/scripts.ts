import type { Cluster, Redis, Result } from 'ioredis'
import { formats } from '../../core/formats.ts'
import { release, renew } from './lock-scripts.ts'

declare module 'ioredis' {
  interface RedisCommander<Context> {
    toolgateWrite(record: string, index: string, ...words: ScriptWord[]): Result<number | null, Context>
    toolgateTouch(index: string, ...words: ScriptWord[]): Result<number, Context>
    toolgateEnd(index: string, ...words: ScriptWord[]): Result<string[], Context>
    toolgateList(index: string): Result<string[], Context>
    toolgateAddAddress(address: string, ...words: ScriptWord[]): Result<number, Context>
    toolgatePutRevocation(list: string, user: string, ms: number, keep: number): Result<string, Context>
    toolgateTakeRevocations(list: string, max: number, ms: number): Result<string[], Context>
    toolgateSettleRevocation(list: string, user: string, due: number, ms: number): Result<number, Context>
    toolgateReplaceBody(record: string, tag: Buffer, body: Buffer): Result<number, Context>
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

-- The name under which a token set is found for its revocation once it has ended or was written over.
local function aside_of(name, record)
  return string.sub(name, 1, 2) == 't:' and record.mark ~= '' and 'r:' .. string.sub(name, 3) .. ':' .. record.mark
end

-- A record's key differs from the index's in what follows the hash tag only.
local function set_aside(index, name, record, keep)
  local aside = aside_of(name, record)
  if not aside then return end
  local base = string.sub(index, 1, -2)
  local ttl = math.max(1, math.min(redis.call('PTTL', base .. name), keep))
  write(base .. aside, 'live', 1, record.mark, '', record.body, ttl)
  enter(index, aside, ttl)
end

-- The names in a list, and for each that ends in '*' all of the index that begin so.
local function named(index, list)
  local names = {}
  for _, pattern in ipairs(list) do
    local prefix = string.match(pattern, '^(.*)%*$')
    for _, name in ipairs(prefix and redis.call('ZRANGE', index, 0, -1) or { pattern }) do
      if not prefix or string.sub(name, 1, #prefix) == prefix then table.insert(names, name) end
    end
  end
  return names
end

-- What cannot be told, for want of a right to the channel, must not undo what was done.
local function tell(channel, user)
  redis.pcall('PUBLISH', channel, user)
end
`

// KEYS: record, index. ARGV: channel, user, name, condition, its value, state, mark, reason, ttl, for how long what is
// written over is set aside (0: not at all), body.
const write = `${shared}
local channel, user, name, condition, expected, state, mark, reason, ttl, keep, body = unpack(ARGV)
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
if keep ~= '0' and is_open(there) and there.mark ~= mark then set_aside(KEYS[2], name, there, tonumber(keep)) end
write(KEYS[1], state, version, mark, reason, body, ttl)
enter(KEYS[2], name, ttl)
tell(channel, user)
return version
`

// KEYS: index. ARGV: name, or what several begin with and '*'; ttl. Gives how many were there.
const touch = `${shared}
local index = KEYS[1]
local pattern, ttl = unpack(ARGV)
local live = {}
for _, name in ipairs(named(index, { pattern })) do
  local there = read(string.sub(index, 1, -2) .. name)
  if there and there.state == 'live' then table.insert(live, name) end
end
for _, name in ipairs(live) do
  redis.call('PEXPIRE', string.sub(index, 1, -2) .. name, ttl)
  enter(index, name, ttl)
end
return #live
`

// KEYS: index. ARGV: channel, user, reason, ttl of a tombstone, for how long token sets are set aside, how many names come
// first that are to end (one that ends in '*' stands for all of the index that begin so), these names, those of orphans.
const end = `${shared}
local index = KEYS[1]
local channel, user, reason, ttl, keep, count = unpack(ARGV, 1, 6)
local base = string.sub(index, 1, -2)

settle(index)
local wanted = named(index, { unpack(ARGV, 7, 6 + count) })
local orphans = named(index, { unpack(ARGV, 7 + count, #ARGV) })
for _, names in ipairs({ wanted, orphans }) do
  for _, name in ipairs(names) do
    local there = read(base .. name)
    local aside = is_open(there) and aside_of(name, there)
    -- While the slot moves to another node of a Cluster, a key that is not here may neither be read nor made.
    if aside then redis.call('EXISTS', base .. aside) end
  end
end

local ended = {}
local function end_all(names)
  for _, name in ipairs(names) do
    local there = read(base .. name)
    if is_open(there) then
      set_aside(index, name, there, tonumber(keep))
      if string.match(name, '^[rh]:') then
        redis.call('DEL', base .. name)
      else
        write(base .. name, 'ended', there.version + 1, '', reason, '', ttl)
      end
      table.insert(ended, name)
    end
    redis.call('ZREM', index, name)
  end
end

local function is_referred_to()
  for _, name in ipairs(redis.call('ZRANGE', index, 0, -1)) do
    if string.match(name, '^[sg]:') then return true end
  end
  return false
end

end_all(wanted)
if not is_referred_to() then end_all(orphans) end
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

// KEYS: list. ARGV: user, in how many milliseconds it is due, for how long the list is kept. Gives when it is due: another
// time than any before, so that whoever looks after an earlier entry does not take this one off.
const putRevocation = `${shared}
local user, ms, keep = unpack(ARGV)
local before = tonumber(redis.call('ZSCORE', KEYS[1], user) or 0)
local due = string.format('%d', math.max(now() + ms, before + 1))
redis.call('ZADD', KEYS[1], due, user)
redis.call('PEXPIRE', KEYS[1], keep)
return due
`

// KEYS: list. ARGV: how many at most, for how many milliseconds nobody else gets them. Gives users with their new times.
const takeRevocations = `${shared}
local max, ms = unpack(ARGV)
local taken = {}
for _, user in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%d', now()), 'LIMIT', 0, max)) do
  local due = string.format('%d', now() + ms)
  redis.call('ZADD', KEYS[1], due, user)
  table.insert(taken, user)
  table.insert(taken, due)
end
return taken
`

// KEYS: list. ARGV: user, when it was due, for how many milliseconds it is put off (0: for good).
const settleRevocation = `${shared}
local user, due, ms = unpack(ARGV)
if tonumber(redis.call('ZSCORE', KEYS[1], user)) ~= tonumber(due) then return 0 end
if ms == '0' then return redis.call('ZREM', KEYS[1], user) end
return redis.call('ZADD', KEYS[1], 'CH', string.format('%d', now() + ms), user)
`

// KEYS: record. ARGV: what its body ends in, another body.
const replaceBody = `
local value = redis.call('GET', KEYS[1])
if not value or string.sub(value, -#ARGV[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], string.match(value, '^[^\\n]*\\n') .. ARGV[2], 'KEEPTTL')
return 1
`

/** Gives the client its scripts as commands. Redis gets the text again whenever it has lost it. */
export function defineScripts(redis: Redis | Cluster): void {
  redis.defineCommand('toolgateWrite', { numberOfKeys: 2, lua: write })
  redis.defineCommand('toolgateTouch', { numberOfKeys: 1, lua: touch })
  redis.defineCommand('toolgateEnd', { numberOfKeys: 1, lua: end })
  redis.defineCommand('toolgateList', { numberOfKeys: 1, lua: list })
  redis.defineCommand('toolgateAddAddress', { numberOfKeys: 1, lua: addAddress })
  redis.defineCommand('toolgatePutRevocation', { numberOfKeys: 1, lua: putRevocation })
  redis.defineCommand('toolgateTakeRevocations', { numberOfKeys: 1, lua: takeRevocations })
  redis.defineCommand('toolgateSettleRevocation', { numberOfKeys: 1, lua: settleRevocation })
  redis.defineCommand('toolgateReplaceBody', { numberOfKeys: 1, lua: replaceBody })
  redis.defineCommand('toolgateRenew', { numberOfKeys: 1, lua: renew })
  redis.defineCommand('toolgateRelease', { numberOfKeys: 1, lua: release })
}
