import process from 'node:process'

/*
 * `npm run bench -- engine|redis|system-database [options]`: measures, prints ratios, writes bench/results/. Never a test.
 */

const benches: Readonly<Record<string, () => Promise<{ readonly run: (args: readonly string[]) => Promise<void> }>>> = {
  engine: () => import('./engine.ts'),
  redis: () => import('./redis.ts'),
  'system-database': () => import('./system-database.ts'),
}

const [name = '', ...args] = process.argv.slice(2)
const load = benches[name]
if (load === undefined) {
  process.stderr.write(`usage: npm run bench -- ${Object.keys(benches).join('|')}\n`)
  process.exitCode = 64
} else await (await load()).run(args)
