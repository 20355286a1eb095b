import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, test } from 'node:test'
import {
  jsonOf,
  parseMasterPlanChange,
  rakeCommand,
  rakeTasks,
  readMasterPlanCommand,
  readTenantsCommand,
  restoreMasterPlanCommand,
  setMasterPlanCommand,
} from '../../src/threescale/pod-commands.ts'
import { parseDatabaseUrl } from '../../src/model/parse-database-url.ts'
import { threescaleDatabase } from '../../src/movers/threescale-database/mover.ts'
import { tenantTriggerTables } from '../../src/threescale/tenant-rules.ts'
import { isPodCommand, runPodCommand } from '../../src/simulator/threescale-api/pod-commands.ts'
import type { ZyncRoute } from '../../src/simulator/threescale-api/zync-routes.ts'
import { systemCommands } from '../../src/simulator/threescale-api/exec-command.ts'
import { Installations } from '../../src/simulator/threescale-api/installations.ts'
import { wildcardDomain } from '../../src/simulator/source-world/outline.ts'
import { Secret } from '../../src/base/secret.ts'
import {
  defaultTenantHost,
  masterHost,
  type SimulatedThreescale,
  withTwoThreescales,
  worldClock,
} from '../support/threescale-world.ts'

const shown = (secret: Secret | null) => secret?.reveal('compare it') ?? null

const both = withTwoThreescales({ tenants: 6, scale: 0.02 })
const { signal } = new AbortController()

async function run(side: SimulatedThreescale, argv: readonly string[]) {
  const routes: ZyncRoute[] = []
  const result = await runPodCommand(argv, {
    installation: side.installation,
    resyncRoutes: async (made) => void routes.push(...made),
  })
  return { ...result, routes }
}

async function masterPlan(side: SimulatedThreescale): Promise<string | undefined> {
  const plans = await (await side.master()).applicationPlans({ signal })
  return plans.find(({ isDefault }) => isDefault)?.systemName
}

/** What the Redis holds that can be rebuilt: each key with its value in a form that can be compared. */
async function rebuildable(side: SimulatedThreescale): Promise<Map<string, string>> {
  const { storage } = side.installation
  const found = new Map<string, string>()
  const pattern =
    /^(?:service\/|services_set|provider_keys_set|service_token\/|service_id:|application\/|metrics?\/|usage_limit\/|alerts\/.*allowed_set)/
  for await (const keys of storage.scanStream({ count: 1000 })) {
    for (const key of keys as readonly string[]) {
      if (!pattern.test(key)) continue
      const type = await storage.type(key)
      if (type === 'set') found.set(key, (await storage.smembers(key)).sort().join(' '))
      else if (type === 'hash') found.set(key, JSON.stringify(await storage.hgetall(key)))
      else found.set(key, String(await storage.get(key)))
    }
  }
  return found
}

function serviceOf(key: string): string | undefined {
  return /service_id:(\d+)|service\/id:(\d+)/.exec(key)?.slice(1).find(Boolean)
}

const sides = { mariadb: () => both().mariadb, postgres: () => both().postgres }
for (const [name, side] of Object.entries(sides)) {
  describe(`in the pods of a 3scale on ${name}`, () => {
    test('the tenants that a pod tells are those that their database holds, with the same tokens', async () => {
      const { stdout, exitCode } = await run(side(), readTenantsCommand())
      assert.equal(exitCode, 0)
      const stored = await threescaleDatabase.tenants(parseDatabaseUrl(side().databaseUrl, 'the test'), { signal })
      const expected = stored.map((tenant) => ({
        ...tenant,
        token: shown(tenant.token),
        services: tenant.services.map((service) => ({ ...service, token: shown(service.token) })),
      }))
      assert.ok(expected.some(({ token }) => token !== null) && expected.length === 6)
      assert.deepEqual(jsonOf(`a warning of Rails\n${stdout}`), expected)
    })

    test('the rewrite rebuilds what the backend must know of active tenants, and touches no counter', async () => {
      const { storage } = side().installation
      const before = await rebuildable(side())
      assert.ok(before.size > 500, `${before.size} keys`)
      const counters = await storage.keys('stats/*')
      await storage.unlink(...before.keys())
      assert.equal((await rebuildable(side())).size, 0)

      const { exitCode, stderr } = await run(side(), rakeCommand(rakeTasks.enqueueRewrite))
      assert.deepEqual([exitCode, stderr], [0, ''])
      const after = await rebuildable(side())
      const rows = await side().rows(
        "SELECT s.id FROM services s JOIN accounts a ON a.id = s.account_id WHERE a.state = 'suspended'",
      )
      const inactive = new Set(rows.map(({ id }) => String(id)))
      assert.ok(inactive.size > 0, 'the world has a suspended tenant')
      let compared = 0
      for (const [key, value] of before) {
        const service = serviceOf(key)
        if (service !== undefined && inactive.has(service)) {
          assert.equal(after.get(key), undefined, `${key} is of a suspended tenant`)
        } else if (service !== undefined && !key.startsWith('metrics/')) {
          assert.equal(after.get(key), value, key)
          compared++
        }
      }
      assert.ok(compared > 400, `${compared} keys were compared`)
      assert.deepEqual((await storage.keys('stats/*')).sort(), counters.sort())
    })

    test('the master’s plan becomes enterprise, is told, and is put back', async () => {
      const before = await masterPlan(side())
      assert.equal(before, 'basic')
      const set = await run(side(), setMasterPlanCommand('enterprise'))
      assert.equal(set.exitCode, 0)
      assert.equal(await masterPlan(side()), 'enterprise')
      const change = parseMasterPlanChange(`a warning of Rails\n${set.stdout}`)
      assert.ok(change)
      assert.notEqual(change.before, change.after)
      const told = parseMasterPlanChange((await run(side(), readMasterPlanCommand())).stdout)
      assert.deepEqual(told, { ...change, before: change.after })
      // A second time has the effect of once.
      const again = parseMasterPlanChange((await run(side(), setMasterPlanCommand('enterprise'))).stdout)
      assert.deepEqual(again, { ...change, before: change.after })
      await run(side(), restoreMasterPlanCommand(change.before))
      assert.equal(await masterPlan(side()), before)
    })

    test('a plan that is not there fails, and leaves the default as it was', async () => {
      const { exitCode, stderr } = await run(side(), setMasterPlanCommand('no_such_plan'))
      assert.equal(exitCode, 1)
      assert.match(stderr, /RecordNotFound/)
      assert.equal(await masterPlan(side()), 'basic')
      await run(side(), restoreMasterPlanCommand(null))
      assert.equal(await masterPlan(side()), undefined)
      const nobody = { orgName: 'Nobody', username: 'admin', email: 'a@example.org', password: new Secret('password') }
      await assert.rejects((await side().master()).createTenant(nobody, { signal }), { code: 'THREESCALE_INVALID' })
      await run(side(), setMasterPlanCommand('basic'))
      assert.equal(await masterPlan(side()), 'basic')
    })

    test('a tenant made with the enterprise plan may have users, and so may one that is upgraded to it', async () => {
      await run(side(), setMasterPlanCommand('enterprise'))
      const master = await side().master()
      const wanted = { orgName: '3scale', username: 'admin', email: 'a@example.org', password: new Secret('password') }
      const { tenant, token } = await master.createTenant(wanted, { signal })
      // The default tenant's name is taken in this world.
      assert.match(tenant.adminDomain, /^3scale-2-admin\./)
      const api = side().api.tenant(side().at(tenant.adminDomain), token.value)
      assert.equal((await api.counts({ signal })).users, 1)
      const [denied] = await side().rows(
        `SELECT a.id, a.self_domain FROM accounts a WHERE a.state = 'approved' AND a.provider IS TRUE
         AND a.self_domain = '${defaultTenantHost}'`,
      )
      assert.ok(denied)
      await side().installation.database.run(
        "UPDATE settings SET multiple_users_switch = 'denied' WHERE account_id = ?",
        [denied['id'] ?? null],
      )
      const host = String(denied['self_domain'])
      assert.equal((await (await side().tenant(host)).counts({ signal })).users, null)
      const plans = await master.applicationPlans({ signal })
      const plan = plans.find(({ systemName }) => systemName === 'enterprise')
      const other = plans.find(({ systemName }) => systemName === 'basic')
      assert.ok(plan && other)
      // Branding: the id of an account.
      const id = String(denied['id']) as typeof tenant.id
      await assert.rejects(master.upgradePlan(id, other.id, { signal }), { code: 'THREESCALE_INVALID' })
      await master.upgradePlan(id, plan.id, { signal })
      assert.equal((await (await side().tenant(host)).counts({ signal })).users, 3)
      await run(side(), setMasterPlanCommand('basic'))
    })

    test('zync is told of all domains, also through a shell', async () => {
      const direct = await run(side(), rakeCommand(rakeTasks.resyncDomains))
      assert.ok(direct.routes.some(({ host }) => host === masterHost))
      const { routes, exitCode } = await run(side(), ['/bin/bash', '-c', 'bundle exec rake zync:resync:domains'])
      assert.equal(exitCode, 0)
      assert.deepEqual(routes, direct.routes)
    })

    test('triggers that were lost are made again, and fill tenant_id', async () => {
      const { database } = side().installation
      const drop = 'DROP TRIGGER services_tenant_id'
      await database.run(database.dialect === 'mysql' ? drop : `${drop} ON services`)
      assert.equal((await run(side(), rakeCommand(rakeTasks.createTriggers))).exitCode, 0)
      assert.equal((await run(side(), rakeCommand(rakeTasks.createProcedures))).exitCode, 0)
      const [row] = await database.rows('SELECT id FROM accounts WHERE provider IS TRUE ORDER BY id LIMIT 1')
      const tenant = row?.['id'] ?? null
      const id = await database.insert('services', {
        account_id: tenant,
        name: 'Triggered',
        system_name: `triggered_${name}`,
        state: 'incomplete',
      })
      const [service] = await database.rows('SELECT tenant_id FROM services WHERE id = ?', [id])
      assert.equal(service?.['tenant_id'], tenant)
      const [found] = await database.rows(
        database.dialect === 'mysql'
          ? 'SELECT count(*) AS n FROM information_schema.triggers WHERE trigger_schema = DATABASE()'
          : "SELECT count(*) AS n FROM information_schema.triggers WHERE trigger_name LIKE '%_tenant_id'",
      )
      assert.equal(Number(found?.['n']), tenantTriggerTables('2.16').length)
      await database.run('DELETE FROM services WHERE id = ?', [id])
    })

    test('the search index tells how much it took in', async () => {
      const { stdout, exitCode } = await run(side(), rakeCommand(rakeTasks.reindex))
      assert.equal(exitCode, 0)
      const [row] = await side().rows("SELECT count(*) AS n FROM services WHERE state <> 'deleted'")
      assert.match(stdout, new RegExp(`service_core': collected ${row?.['n']} docs`))
    })

    test('a task or script that is not known fails, and another program is not ours', async () => {
      assert.equal((await run(side(), ['bundle', 'exec', 'rake', 'no:such:task'])).exitCode, 1)
      const script = 'Account.master.services.first.destroy!'
      assert.equal((await run(side(), ['bundle', 'exec', 'rails', 'runner', script])).exitCode, 1)
      assert.ok(!isPodCommand(['psql', '-c', 'SELECT 1']))
    })

    test('1,100 tenants come in pages, each once', async () => {
      const { database } = side().installation
      const numbers =
        database.dialect === 'mysql'
          ? 'SELECT seq AS n FROM seq_1_to_1100'
          : 'SELECT n FROM generate_series(1, 1100) AS n'
      const many = database.dialect === 'mysql' ? "CONCAT('many-', n)" : "'many-' || n"
      const suffixed = (suffix: string) =>
        database.dialect === 'mysql' ? `CONCAT(${many}, '${suffix}')` : `${many} || '${suffix}'`
      await database.run(
        `INSERT INTO accounts (org_name, provider, buyer, provider_account_id, domain, self_domain, state, created_at)
         SELECT ${many}, TRUE, FALSE, 1, ${suffixed('.example.org')}, ${suffixed('-admin.example.org')}, 'approved',
           '2025-04-01 00:00:00' FROM (${numbers}) AS numbers`,
      )
      const master = await side().master()
      side().server.requests.length = 0
      const tenants = await master.tenants({ signal })
      const [row] = await side().rows('SELECT count(*) AS n FROM accounts WHERE provider IS TRUE AND master IS NULL')
      assert.equal(tenants.length, Number(row?.['n']))
      assert.ok(tenants.length > 1100)
      assert.equal(new Set(tenants.map(({ id }) => id)).size, tenants.length)
      assert.equal(side().server.requests.length, 3)
      await database.run("DELETE FROM accounts WHERE org_name LIKE 'many-%'")
    })
  })
}

test('an exec in a pod goes to the database and Redis that the container’s variables name', async () => {
  const { databaseUrl, storageUrl } = both().mariadb
  const installations = new Installations({ clock: worldClock, onDomainsChanged: () => undefined })
  try {
    const hosts: string[] = []
    const system = systemCommands({
      installations,
      resyncRoutes: async (routes, { env }) => void hosts.push(...routes.map(({ host }) => `${env['POD']} ${host}`)),
    })
    const exec = async (command: readonly string[], env: Readonly<Record<string, string>>) => {
      assert.ok(system.matches({ command }))
      const [stdout, stderr] = [new PassThrough(), new PassThrough()]
      const exitCode = await system.run({ command, env: { POD: 'system-sidekiq', ...env }, stdout, stderr })
      return { exitCode, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') }
    }
    const env = {
      DATABASE_URL: databaseUrl.reveal('be a container'),
      BACKEND_REDIS_URL: storageUrl.reveal('be a container'),
      THREESCALE_SUPERDOMAIN: wildcardDomain,
    }
    assert.deepEqual(await exec(rakeCommand(rakeTasks.resyncDomains), env), { exitCode: 0, stdout: '', stderr: '' })
    assert.ok(hosts.includes(`system-sidekiq ${masterHost}`))
    const told = await exec(readMasterPlanCommand(), env)
    assert.ok(parseMasterPlanChange(told.stdout))
    const nowhere = await exec(readMasterPlanCommand(), { ...env, DATABASE_URL: '' })
    assert.equal(nowhere.exitCode, 1)
    assert.match(nowhere.stderr, /system-database does not hold a database URL/)
  } finally {
    await installations.close()
  }
})
