import type { Clock } from '../../base/clock.ts'
import type { Size } from '../../model/forecast.ts'
import type { Migration } from '../../model/migration.ts'
import type { Party } from '../../model/party.ts'
import type { Diagnosis, Doctor, Examination, ExaminationRequest } from '../../ports/doctor.ts'
import type { Tools } from '../tools.ts'
import { clusterLooks } from './clusters.ts'
import { databaseAt, databaseLooks, redisAt } from './databases.ts'
import { diagnose, type Look, type Patient } from './look.ts'
import { dataLooks, valuesLook } from './source-data.ts'

/**
 * Looks at everything, one after the other, with the tools of whoever asks. `clock` is this machine's own: the places' clocks
 * are held against it.
 */
export function doctor(
  open: (migration: Migration, party: Party) => Promise<Tools & { close(): void }>,
  clock: Clock,
): Doctor {
  const withPatient = async <Result>(
    { migration, party, signal }: Omit<ExaminationRequest, 'values' | 'onFinding'>,
    work: (patient: Patient) => Promise<Result>,
  ): Promise<Result> => {
    const tools = await open(migration, party)
    try {
      return await work({ tools, migration, clock, signal })
    } finally {
      tools.close()
    }
  }
  return {
    examine: (request) => withPatient(request, (patient) => examine(patient, request)),
    measureSource: (request) => withPatient(request, sizeOf),
  }
}

async function examine(
  patient: Patient,
  { migration, party, values, onFinding }: ExaminationRequest,
): Promise<Examination> {
  const { clock } = patient
  const began = clock.elapsedMs()
  const findings: Diagnosis[] = []
  const add = (finding: Diagnosis | null) => {
    if (finding === null) return
    findings.push(finding)
    onFinding(finding)
  }
  for (const look of [...databaseLooks, ...clusterLooks, ...dataLooks]) add(await diagnose(look, patient))
  add(values ? await diagnose(valuesLook, patient) : notLookedAt(valuesLook))
  const isSourceSeen = findings.some(({ what, standing }) => what === 'system database' && standing === 'ok')
  return {
    verdict: verdictOf(findings),
    migration: migration.name,
    party,
    findings,
    size: isSourceSeen ? await sizeOf(patient).catch(() => null) : null,
    tookMs: clock.elapsedMs() - began,
  }
}

/** How much the source holds. */
export async function sizeOf(patient: Patient): Promise<Size> {
  const { database, redis } = patient.migration.source
  const { rows, bytes, tenants } = await databaseAt(patient, database.url)
  const [storage, queues] = [await redisAt(patient, redis.storage), await redisAt(patient, redis.queues)]
  return { rows, bytes, tenants, keys: storage.keys + queues.keys, redisBytes: storage.usedBytes }
}

function notLookedAt({ place, what }: Look): Diagnosis {
  return { place, what, standing: 'unseen', says: 'not looked at, as it was asked for', fix: null }
}

function verdictOf(findings: readonly Diagnosis[]): Examination['verdict'] {
  const standings = new Set(findings.map(({ standing }) => standing))
  if (standings.has('no-go')) return 'no-go'
  return standings.has('decision') ? 'decision' : 'go'
}
