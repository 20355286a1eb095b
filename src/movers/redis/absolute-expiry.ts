import type { StreamCommand } from './stream-reader.ts'

/**
 * A command that says after how long a key expires, as one that says when: otherwise a key would live longer by what the
 * target is behind.
 *
 * `arrivedMs`: when the command came from the source, epoch milliseconds. `setPxat`: whether the target knows SET … PXAT;
 * without it, SET, SETEX and PSETEX stay as they are. Null: the command says no such thing.
 * Source: Redis before 7.0 replicates EXPIRE, SETEX and the like as they were given; 7.0 replicates times.
 */
export function withAbsoluteExpiry(command: StreamCommand, arrivedMs: number, setPxat: boolean): Buffer | null {
  const { name, words } = command
  const [, key, second, third] = words
  if (key === undefined || second === undefined) return null
  switch (name) {
    case 'expire':
      return encode(['PEXPIREAT', key, timeOf(second, 1000, arrivedMs), ...words.slice(3)])
    case 'pexpire':
      return encode(['PEXPIREAT', key, timeOf(second, 1, arrivedMs), ...words.slice(3)])
    case 'setex':
    case 'psetex': {
      if (!setPxat || third === undefined) return null
      return encode(['SET', key, third, 'PXAT', timeOf(second, name === 'setex' ? 1000 : 1, arrivedMs)])
    }
    case 'set':
      return setPxat ? setWithTime(words, arrivedMs) : null
    case 'restore': {
      const options = words.slice(4)
      if (second.equals(never) || options.some((word) => isWord(word, 'absttl'))) return null
      return encode(['RESTORE', key, timeOf(second, 1, arrivedMs), ...words.slice(3), 'ABSTTL'])
    }
    default:
      return null
  }
}

const never = Buffer.from('0')

function setWithTime(words: readonly Buffer[], arrivedMs: number): Buffer | null {
  const at = words.findIndex((word, i) => i > 2 && (isWord(word, 'ex') || isWord(word, 'px')))
  const [unit, amount] = [words[at], words[at + 1]]
  if (at < 0 || unit === undefined || amount === undefined) return null
  const time = timeOf(amount, isWord(unit, 'ex') ? 1000 : 1, arrivedMs)
  return encode([...words.slice(0, at), 'PXAT', time, ...words.slice(at + 2)])
}

function isWord(word: Buffer, small: string): boolean {
  return word.length === small.length && word.toString('latin1').toLowerCase() === small
}

function timeOf(amount: Buffer, unitMs: number, arrivedMs: number): string {
  return String(Math.floor(arrivedMs) + Number(amount.toString('latin1')) * unitMs)
}

function encode(words: readonly (string | Buffer)[]): Buffer {
  const parts = words.flatMap((word) => [`$${word.length}\r\n`, word, '\r\n'])
  return Buffer.concat(
    [`*${words.length}\r\n`, ...parts].map((part) => (typeof part === 'string' ? Buffer.from(part) : part)),
  )
}
