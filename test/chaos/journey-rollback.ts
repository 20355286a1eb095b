import process from 'node:process'
import { thereAndBack } from '../support/walk/rollback.ts'
import { openWalk } from '../support/walk/walk.ts'

/** One journey to its end and back: every row before the point of no return is taken back, and the source serves again. */
export async function journeyRollback(): Promise<void> {
  const walk = await openWalk()
  const wrong: string[] = []
  try {
    for await (const passed of thereAndBack(walk)) {
      process.stdout.write(`${passed.wrong.length === 0 ? 'ok  ' : 'BAD '} ${passed.name}\n`)
      for (const what of passed.wrong) process.stdout.write(`       ${what}\n`)
      wrong.push(...passed.wrong)
    }
  } finally {
    await walk.close()
  }
  if (wrong.length > 0) throw new Error(`${wrong.length} things are not as they were`)
}
