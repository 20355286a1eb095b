import type { Command } from 'commander'
import { unknownMigration } from '../model/faults.ts'
import type { Answer } from '../model/gate.ts'
import type { ControlPlaneAccess } from '../ports/control-plane.ts'
import type { EngineAccess, MigrationView } from '../ports/engine.ts'
import type { CliContext } from './context.ts'
import { addIdentity, identityOf, type IdentityOptions } from './identity.ts'
import { writeMigration } from './write-view.ts'
import { addVisit, refuseIdentity, visiting, type VisitOptions } from './visit.ts'

interface AnswerOptions extends IdentityOptions, VisitOptions {
  readonly reason: string
  readonly digest?: string
  readonly json?: true
}

interface Answering {
  readonly name: string
  readonly verdict: Answer['verdict']
  readonly summary: string
  readonly description: string
}

const signedThere =
  'With --server it goes to the control plane over HTTPS, as the person whom the token names, signed with the party’s key of this\n' +
  'machine; else into the engine’s database of this machine.'

const answerings: readonly Answering[] = [
  {
    name: 'approve',
    verdict: 'approved',
    summary: 'agree to what a row asks',
    description: `Agrees to what \`threeshift status\` shows for the row. Whoever asked for the run does not suffice alone.\n${signedThere}`,
  },
  {
    name: 'reject',
    verdict: 'rejected',
    summary: 'refuse what a row asks',
    description: `Refuses what the row asks: it fails safely, and is asked for again after \`threeshift resume\`.\n${signedThere}`,
  },
]

interface AnswerPorts {
  readonly engine: EngineAccess
  readonly controlPlane: ControlPlaneAccess
}

/** Adds `threeshift approve` and `threeshift reject`. */
export function registerAnswer(program: Command, context: CliContext, ports: AnswerPorts): void {
  for (const answering of answerings) {
    const command = program
      .command(answering.name)
      .helpGroup('The move:')
      .summary(answering.summary)
      .description(answering.description)
      .argument('<migration>', 'which one')
      .argument('<row>', 'which row')
      .option('--digest <hex>', 'of what was shown to you: refuse when it has changed')
      .requiredOption('--reason <text>', 'why; it is kept')
      .option('--json', 'print the migration as one JSON object as the last line of stdout')
    addIdentity(addVisit(command)).action((migration: string, row: string, options: AnswerOptions) =>
      answer(answering, migration, row, options, context, ports),
    )
  }
}

async function answer(
  { name, verdict }: Answering,
  migration: string,
  row: string,
  options: AnswerOptions,
  context: CliContext,
  { engine: access, controlPlane }: AnswerPorts,
): Promise<void> {
  const { server, reason, digest, json } = options
  const given = { migration, row, verdict, reason, ...(digest === undefined ? {} : { digest }) }
  const write = (view: MigrationView | undefined) => {
    if (view === undefined) throw unknownMigration(migration)
    writeMigration(view, json === true, context)
  }
  if (server !== undefined) {
    refuseIdentity(options)
    await visiting(server, options, context, controlPlane, async (person) => {
      await person.answer(given)
      write((await person.status()).migrations.find(({ id }) => id === migration))
    })
    return
  }
  const by = identityOf(options, context, `threeshift ${name}`)
  const engine = await access.open({
    worker: false,
    onNote: (line) => void context.stderr.write(`${line}\n`),
    signal: context.signal,
  })
  try {
    write(await engine.answer({ ...given, by }))
  } finally {
    await engine.close()
  }
}
