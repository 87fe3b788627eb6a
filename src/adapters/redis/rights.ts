import type { Redis } from 'ioredis'

/** What the gateway does with its keys, as its user would say it. */
const needed = [
  ...['GET KEY', 'MGET KEY', 'SET KEY x', 'DEL KEY', 'EXISTS KEY', 'PTTL KEY', 'PEXPIRE KEY 1', 'PEXPIREAT KEY 1'],
  ...['ZADD KEY 1 x', 'ZREM KEY x', 'ZSCORE KEY x', 'ZRANGE KEY 0 1', 'ZRANGEBYSCORE KEY 0 1'],
  ...['ZREMRANGEBYRANK KEY 0 1', 'ZREMRANGEBYSCORE KEY 0 1', 'EVAL x 1 KEY', 'EVALSHA x 1 KEY', 'TIME'],
]

const script = `
if not redis.acl_check_cmd then return nil end
local lacking = {}
for _, text in ipairs(ARGV) do
  local words = {}
  for word in string.gmatch(text, '%S+') do words[#words + 1] = word end
  if not redis.acl_check_cmd(unpack(words)) then lacking[#lacking + 1] = words[1] end
end
return lacking
`

/**
 * The commands that the gateway needs and this user may not run on keys that begin so. Nothing is run but the question.
 * `undefined` where the server cannot be asked, as before Redis 7. Throws what Redis replies to who may run no scripts.
 */
export async function lackingRights(redis: Redis, keyPrefix: string): Promise<readonly string[] | undefined> {
  const commands = needed.map((text) => text.replace('KEY', `${keyPrefix}{check}`))
  return ((await redis.eval(script, 0, ...commands)) as string[] | null) ?? undefined
}
