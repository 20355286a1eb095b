/** A command and its arguments. Each makes one key, and no two make the same, so commands count keys. */
export type RedisCommand = readonly string[]
