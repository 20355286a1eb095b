// The program behind every file that shim-programs.ts writes: tells its words to the simulator, and writes what comes back.
import { connect } from 'node:net'
import process from 'node:process'
import { createInterface } from 'node:readline'

const socket = connect(process.env.SIMULATOR_SOCKET)
const fail = () => {
  process.stderr.write('the simulator of this pod is gone\n')
  process.exitCode = 126
}
socket.on('error', fail)
const command = process.argv.slice(2)
socket.write(`${JSON.stringify({ caller: process.env.SIMULATOR_CALLER, command })}\n`)
let answered = false
for await (const line of createInterface({ input: socket })) {
  const { out, err, exit } = JSON.parse(line)
  if (out !== undefined) process.stdout.write(Buffer.from(out, 'base64'))
  if (err !== undefined) process.stderr.write(Buffer.from(err, 'base64'))
  if (exit === undefined) continue
  answered = true
  process.exitCode = exit
}
if (!answered) fail()
