import { type ServerKind, startServer } from '../servers.ts'

/** `start-servers-and-wait.ts <kind> <dir>`: prints the server's process id and stays until it is killed. */
const [kind, dir] = process.argv.slice(2)
if (kind === undefined || dir === undefined) throw new Error('usage: <kind> <dir>')
// The test passes a kind.
const server = await startServer(kind as ServerKind, { dir })
process.stdout.write(`${server.pid}\n`)
setInterval(() => undefined, 60_000)
