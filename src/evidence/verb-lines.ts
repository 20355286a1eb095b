import type { EpochMs } from '../base/clock.ts'
import type { JournalRecord, KeyHolder } from '../model/evidence.ts'
import { memberObject, memberText } from './members.ts'

/** One execution of a verb, as the records tell it. */
export interface VerbLine {
  /** Whose row it is. */
  readonly party: KeyHolder
  readonly row: string
  readonly verb: string
  readonly generation: number
  /** Who ran it: an agent, or a process of the engine. */
  readonly actor: string
  /** True when the party itself has signed the outcome. */
  readonly signedByParty: boolean
  readonly startedAt: EpochMs
  /** Null while it runs, or when it was cut off and run again. */
  readonly endedAt: EpochMs | null
  readonly outcome: 'ended' | 'faulted' | 'open'
  /** A `check` that found it so already. */
  readonly alreadySo: boolean
  readonly says: string
}

type Open = { -readonly [Name in keyof VerbLine]: VerbLine[Name] }

/** Pairs what began with what ended; in the order in which verbs began. */
export function readVerbs(records: readonly JournalRecord[]): readonly VerbLine[] {
  const lines: Open[] = []
  const open = new Map<string, Open>()
  for (const { statement } of records) {
    const { kind, row, verb, generation, party, actor, at, body } = statement
    if (row === null || verb === null || generation === null) continue
    const name = `${row} ${verb} ${generation}`
    if (kind === 'verb-started' || kind === 'task-requested') {
      const about = { party, row, verb, generation, actor, startedAt: at }
      const line: Open = { ...about, signedByParty: false, endedAt: null, outcome: 'open', alreadySo: false, says: '' }
      lines.push(line)
      open.set(name, line)
      continue
    }
    const line = open.get(name)
    if (line === undefined) continue
    if (kind === 'verb-reported') {
      line.signedByParty = true
      line.actor = actor
    } else if (kind === 'verb-ended') {
      const result = memberObject(body, 'result')
      line.outcome = 'ended'
      line.endedAt = at
      line.alreadySo = memberText(result, 'kind') === 'done'
      line.says = memberText(result, 'says') ?? memberText(result, 'summary') ?? ''
      open.delete(name)
    } else if (kind === 'verb-faulted') {
      const fault = memberObject(body, 'fault')
      line.outcome = 'faulted'
      line.endedAt = at
      line.says = `${memberText(fault, 'code') ?? ''}: ${memberText(fault, 'message') ?? ''}`
      open.delete(name)
    }
  }
  return lines
}
