import { readdirSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'

// What `getconf CLK_TCK` gives on every Linux that we know.
const msPerTick = 10

/** CPU time so far of a process, of all below it, and of those that have ended: milliseconds. */
export function treeCpuMs(root: number): number {
  const all = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (statOf(name) ?? []) : []))
  const own = new Set([root])
  // A child may stand before its parent in the list.
  for (let before = 0; before < own.size; ) {
    before = own.size
    for (const { pid, parent } of all) if (own.has(parent)) own.add(pid)
  }
  return all.filter(({ pid }) => own.has(pid)).reduce((sum, each) => sum + each.ownMs + each.endedMs, 0)
}

/** CPU time so far of everything on this machine: milliseconds. */
export function machineCpuMs(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0)
}

/** CPU time of those children of this process that have ended, with all below them: milliseconds. */
export function endedChildrenCpuMs(): number {
  return statOf('self')?.endedMs ?? 0
}

/** The greatest memory that a process has had so far, in MB; 0 when it is gone. */
export function peakRssMb(pid: number): number {
  const text = read(`/proc/${pid}/status`)
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) / 1024
}

/** Source: proc(5), /proc/pid/stat. The name may hold anything, spaces and parentheses too. */
function statOf(pid: string) {
  const text = read(`/proc/${pid}/stat`)
  if (text === '') return undefined
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  const [parent = 0, user = 0, system = 0, endedUser = 0, endedSystem = 0] = [1, 11, 12, 13, 14].map((i) => fields[i])
  return {
    pid: Number.parseInt(text, 10),
    parent,
    ownMs: (user + system) * msPerTick,
    endedMs: (endedUser + endedSystem) * msPerTick,
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    // It ended in the meantime.
    return ''
  }
}
