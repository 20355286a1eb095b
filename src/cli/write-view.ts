import type { MigrationView } from '../ports/engine.ts'
import type { CliContext } from './context.ts'
import { painter } from './print-fault.ts'
import { migrationsJson } from './status-json.ts'
import { migrationText } from './status-text.ts'

/** Writes how a migration stands, without its rows, or as one JSON object with them. */
export function writeMigration(view: MigrationView, json: boolean, context: CliContext): void {
  const text = () =>
    migrationText(view, { paint: painter(context, context.stdout), now: context.clock.now(), rows: false })
  context.stdout.write(json ? `${JSON.stringify(migrationsJson([view]))}\n` : text())
}
