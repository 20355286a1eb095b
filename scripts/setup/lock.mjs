import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { CannotSetUp, say } from './say.mjs'

const longestWaitMs = 15 * 60_000
const betweenLooksMs = 200

/**
 * Runs `work` while no other set-up of this clone runs; a lock whose process has died is taken over.
 *
 * @param {string} file the lock; holds the owner's process id
 * @param {() => void} work
 * @returns {Promise<void>}
 */
export async function withLock(file, work) {
  mkdirSync(dirname(file), { recursive: true })
  let toldOf = 0
  for (let waitedMs = 0; !take(file); waitedMs += betweenLooksMs) {
    const owner = ownerOf(file)
    if (owner !== undefined && !isAlive(owner)) {
      removeOf(owner, file)
      continue
    }
    if (waitedMs >= longestWaitMs) throw new CannotSetUp(`process ${owner} has held ${file} for too long: end it`)
    if (owner !== undefined && owner !== toldOf) say(`waiting for the set-up that process ${owner} runs in this clone`)
    toldOf = owner ?? toldOf
    await wait(betweenLooksMs)
  }
  try {
    work()
  } finally {
    rmSync(file, { force: true })
  }
}

/**
 * The lock appears complete, by a link: nobody ever reads one without its owner.
 *
 * @param {string} file
 */
function take(file) {
  const mine = `${file}.${process.pid}`
  writeFileSync(mine, String(process.pid))
  try {
    linkSync(mine, file)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(mine, { force: true })
  }
}

/**
 * @param {string} file
 * @returns {number | undefined} undefined: released meanwhile
 */
function ownerOf(file) {
  try {
    return Number(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/**
 * Moves the dead owner's lock aside first: if somebody else took it over in between, theirs is put back.
 *
 * @param {number} owner
 * @param {string} file
 */
function removeOf(owner, file) {
  const aside = `${file}.${process.pid}.stale`
  try {
    renameSync(file, aside)
    if (ownerOf(aside) !== owner) linkSync(aside, file)
  } catch {
    // Somebody else removed it first, or holds it again: the next look tells.
  }
  rmSync(aside, { force: true })
}
