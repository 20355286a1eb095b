import { datetime, dayMs, hourMs, worldNow } from '../calendar.ts'
import { tenantIdOf, type Outline, type Tenant } from '../outline.ts'
import type { Cell, Row, TableRows } from '../rows.ts'

/** The developer portals: sections, pages with every version saved, files, and who may see them. */
export function cmsTables(outline: Outline): TableRows[] {
  return [
    { table: 'cms_sections', rows: () => sections(outline) },
    { table: 'cms_templates', rows: () => templates(outline) },
    { table: 'cms_templates_versions', rows: () => versions(outline) },
    { table: 'cms_files', rows: () => files(outline) },
    { table: 'cms_redirects', rows: () => redirects(outline) },
    { table: 'cms_groups', rows: () => groups(outline) },
    { table: 'cms_group_sections', rows: () => groupSections(outline) },
    { table: 'cms_permissions', rows: () => permissions(outline) },
  ]
}

/** Sections per portal: the root and two below it. */
const sectionNames = ['Root', 'Documentation', 'Zákaznická sekce'] as const

function sectionId(tenantIndex: number, section: number): number {
  return tenantIndex * sectionNames.length + section + 1
}

function* sections(outline: Outline): Generator<Row> {
  for (const [t, tenant] of outline.everyone.entries()) {
    for (const [i, title] of sectionNames.entries()) {
      const at = datetime(tenant.createdAt)
      yield {
        id: sectionId(t, i),
        provider_id: tenant.id,
        tenant_id: tenantIdOf(tenant),
        parent_id: i === 0 ? null : sectionId(t, 0),
        partial_path: i === 0 ? '/' : `/section-${i}`,
        title,
        system_name: i === 0 ? 'root' : `section_${i}`,
        created_at: at,
        updated_at: at,
        public: i !== 2,
        type: i === 0 ? 'CMS::Builtin::Section' : 'CMS::Section',
      }
    }
  }
}

interface Template {
  readonly id: number
  readonly tenant: Tenant
  readonly sectionId: number
  readonly type: string
  readonly name: string
}

const kinds = [
  'CMS::Layout',
  'CMS::Builtin::Page',
  'CMS::Page',
  'CMS::Partial',
  'CMS::EmailTemplate',
  'CMS::Builtin::StaticPage',
]

function* everyTemplate(outline: Outline): Generator<Template> {
  let id = 0
  for (const [t, tenant] of outline.everyone.entries()) {
    const pages = tenant.master ? 3 : Math.round(12 + 10 * tenant.weight * outline.scale)
    for (let i = 0; i < pages; i++) {
      const type = kinds[i % kinds.length] ?? 'CMS::Page'
      yield { id: ++id, tenant, sectionId: sectionId(t, i % sectionNames.length), type, name: `page_${i}` }
    }
  }
}

function body(outline: Outline, template: Template, characters: number): string {
  const link = `https://${template.tenant.domain}/docs`
  return `{% layout 'main' %}\r\n<h1>{{ provider.name | escape }}</h1>\n<a href="${link}">Průvodce</a>\n\t<p>${outline.prose.take(characters)}</p>\n`
}

function common(outline: Outline, template: Template, at: string): Record<string, Cell> {
  return {
    provider_id: template.tenant.id,
    tenant_id: tenantIdOf(template.tenant),
    section_id: template.sectionId,
    type: template.type,
    path: template.type === 'CMS::Page' ? `/${template.name}` : null,
    title: `Titul ${template.name}`,
    system_name: template.name,
    published: body(outline, template, 1400),
    draft: template.id % 4 === 0 ? body(outline, template, 900) : null,
    liquid_enabled: true,
    content_type: 'text/html',
    created_at: at,
    updated_at: at,
    options: '--- {}\n',
    updated_by: 'admin',
    handler: template.id % 5 === 0 ? 'markdown' : null,
  }
}

function* templates(outline: Outline): Generator<Row> {
  for (const template of everyTemplate(outline)) {
    const row = common(outline, template, datetime(template.tenant.createdAt + dayMs))
    yield {
      id: template.id,
      ...row,
      rails_view_path: template.type.includes('Builtin') ? `developer_portal/${template.name}` : null,
    }
  }
}

function* versions(outline: Outline): Generator<Row> {
  const random = outline.random('cms_templates_versions')
  let id = 0
  for (const template of everyTemplate(outline)) {
    for (let n = random.between(1, 5); n > 0; n--) {
      const at = datetime(worldNow - n * 40 * dayMs - random.below(20) * hourMs)
      yield { id: ++id, ...common(outline, template, at), template_id: template.id, template_type: template.type }
    }
  }
}

function* files(outline: Outline): Generator<Row> {
  let id = 0
  for (const [t, tenant] of outline.everyone.entries()) {
    for (const [i, name] of ['logo.png', 'příručka.pdf', 'main.css'].entries()) {
      const at = datetime(tenant.createdAt)
      const path = `/files/${name}`
      const type = ['image/png', 'application/pdf', 'text/css'][i] ?? ''
      yield {
        id: ++id,
        provider_id: tenant.id,
        section_id: sectionId(t, 0),
        tenant_id: tenantIdOf(tenant),
        attachment_updated_at: at,
        attachment_content_type: type,
        attachment_file_size: 3_000_000_000 + id,
        attachment_file_name: name,
        random_secret: outline.random(`secret:${id}`).hex(16),
        path,
        downloadable: i === 1,
        created_at: at,
        updated_at: at,
      }
    }
  }
}

function* redirects(outline: Outline): Generator<Row> {
  for (const [i, tenant] of outline.everyone.entries()) {
    const at = datetime(tenant.createdAt)
    yield {
      id: i + 1,
      provider_id: tenant.id,
      source: '/old-docs',
      target: `https://${tenant.domain}/docs`,
      created_at: at,
      updated_at: at,
      tenant_id: tenantIdOf(tenant),
    }
  }
}

function* groups(outline: Outline): Generator<Row> {
  for (const [i, tenant] of outline.tenants.entries()) {
    const at = datetime(tenant.createdAt)
    yield {
      id: i + 1,
      tenant_id: tenant.id,
      provider_id: tenant.id,
      name: 'Early adopters',
      created_at: at,
      updated_at: at,
    }
  }
}

function* groupSections(outline: Outline): Generator<Row> {
  // Groups belong to tenants, who come after the master in the order of sections.
  for (const [i, tenant] of outline.tenants.entries())
    yield { id: i + 1, group_id: i + 1, section_id: sectionId(i + 1, 2), tenant_id: tenant.id }
}

function* permissions(outline: Outline): Generator<Row> {
  let id = 0
  for (const [i, tenant] of outline.tenants.entries()) {
    for (const buyer of tenant.buyers.slice(0, 5)) {
      const at = datetime(buyer.createdAt)
      yield {
        id: ++id,
        tenant_id: tenant.id,
        account_id: buyer.id,
        name: null,
        created_at: at,
        updated_at: at,
        group_id: i + 1,
      }
    }
  }
}
