import { z } from 'zod'
import type { Step, StepContext } from '../ports/step.ts'
import {
  parseMasterPlanChange,
  readMasterPlanCommand,
  restoreMasterPlanCommand,
  setMasterPlanCommand,
} from '../threescale/pod-commands.ts'
import { masterApi } from './apis.ts'
import { declares } from './declaration.ts'
import { fault } from './faults.ts'
import { measure } from './measure.ts'
import { placeOf } from './places.ts'
import { run } from './pods.ts'
import { readRecord, removeRecord, writeRecord } from './records.ts'
import type { Tools } from './tools.ts'

/** porta's name of the plan that has everything. Source: porta `config/plan_rules.yml`. */
const planName = 'enterprise'

const record = 'before-enterprise-plan.json'
const before = z.object({ previous: z.string().nullable() })

/** Step 17: new tenants get the plan with single sign-on and several users, as RHOAM's own tenant needs. */
export function enterprisePlan(tools: Tools): Step {
  return {
    async check(context) {
      const found = await defaultPlan(tools, context)
      if (found?.systemName === planName) return { kind: 'done', says: 'it is the default plan', facts: {} }
      return { kind: 'needed', says: `the default plan is ${found?.systemName ?? 'none'}` }
    },

    async explain(context) {
      const found = await defaultPlan(tools, context)
      return {
        summary: "The master's default application plan changes; tenants that exist keep theirs.",
        diff: [{ what: 'default plan of the master', before: found?.systemName ?? null, after: planName }],
      }
    },

    async apply(context) {
      const at = await placeOf(tools, context, 'destination')
      const plans = await (await masterApi(tools, at)).applicationPlans({ signal: context.signal })
      const plan = plans.find(({ systemName }) => systemName === planName)
      // Without this look a plan that does not exist would leave the master without any.
      if (plan === undefined)
        throw fault('STEP_NO_PLAN', { plan: planName, plans: plans.map(({ systemName }) => systemName) })
      if ((await readRecord(tools, record, before)) === null) {
        await writeRecord(tools, record, { previous: plans.find(({ isDefault }) => isDefault)?.id ?? null })
      }
      await run(at, setMasterPlanCommand(planName))
      return { says: `plan ${plan.id} (${planName}) is the default`, facts: {} }
    },

    async confirm(context) {
      const found = await defaultPlan(tools, context)
      return {
        says: 'the master was asked for its plans',
        measured: [measure('default plan of the master', planName, found?.systemName ?? 'none')],
        facts: await declaresPlan(tools, context),
      }
    },

    async undo(context) {
      const known = await readRecord(tools, record, before)
      if (known === null) return { says: 'the default plan was not changed' }
      await run(await placeOf(tools, context, 'destination'), restoreMasterPlanCommand(known.previous))
      await removeRecord(tools, record)
      return {
        says:
          known.previous === null ? 'there is no default plan again' : `plan ${known.previous} is the default again`,
      }
    },
  }
}

/** Of the master's service, which no API shows. */
async function declaresPlan(tools: Tools, context: StepContext) {
  const printed = await run(await placeOf(tools, context, 'destination'), readMasterPlanCommand())
  const plan = parseMasterPlanChange(printed)
  if (plan === undefined) return declares(context, [])
  const cells = { kind: 'cells', table: 'services', keys: [plan.serviceId] } as const
  return declares(context, [
    {
      ...cells,
      says: `plan ${planName} is the master's default`,
      column: 'default_application_plan_id',
      after: plan.after,
    },
    { ...cells, says: "3scale dates the change of the master's service", column: 'updated_at' },
  ])
}

async function defaultPlan(tools: Tools, context: StepContext) {
  const api = await masterApi(tools, await placeOf(tools, context, 'destination'))
  return (await api.applicationPlans({ signal: context.signal })).find(({ isDefault }) => isDefault)
}
