import type { TableNotation } from './parse-table.ts'

/** The developer portal: pages, terms, forum and tags. `parse-table.ts` explains the notation. */
export const developerPortalTables = {
  cms_sections: `
    id            id
    provider_id   bigint not null
    tenant_id     bigint
    parent_id     bigint
    partial_path  string
    title         string
    system_name   string
    created_at    datetime
    updated_at    datetime
    public        boolean default true
    type          string default 'CMS::Section'
    index (parent_id)
    index (provider_id)
  `,

  cms_templates: `
    id               id
    provider_id      bigint not null
    tenant_id        bigint
    section_id       bigint
    type             string
    path             string
    title            string
    system_name      string
    published        mediumtext
    draft            mediumtext
    liquid_enabled   boolean
    content_type     string
    created_at       datetime
    updated_at       datetime
    layout_id        bigint
    options          text
    updated_by       string
    handler          string
    searchable       boolean default false
    rails_view_path  string
    index (provider_id, path)
    index (provider_id, rails_view_path)
    index (provider_id, system_name)
    index (provider_id, type) named index_cms_templates_on_provider_id_type
    index (section_id)
    index (type)
  `,

  cms_templates_versions: `
    id              id
    provider_id     bigint not null
    tenant_id       bigint
    section_id      bigint
    type            string
    path            string
    title           string
    system_name     string
    published       mediumtext
    draft           mediumtext
    liquid_enabled  boolean
    content_type    string
    created_at      datetime
    updated_at      datetime
    layout_id       bigint
    template_id     bigint
    template_type   string
    options         text
    updated_by      string
    handler         string
    searchable      boolean default false
    index (template_id, template_type) named by_template
    index (provider_id, type) named index_cms_templates_versions_on_provider_id_type
  `,

  cms_files: `
    id                       id
    provider_id              bigint not null
    section_id               bigint
    tenant_id                bigint
    attachment_updated_at    datetime
    attachment_content_type  string
    attachment_file_size     bigint
    attachment_file_name     string
    random_secret            string
    path                     string
    downloadable             boolean
    created_at               datetime
    updated_at               datetime
    index (provider_id)
    index (provider_id, path)
    index (section_id)
  `,

  cms_redirects: `
    id           id
    provider_id  bigint not null
    source       string not null
    target       string not null
    created_at   datetime
    updated_at   datetime
    tenant_id    bigint
    index (provider_id)
    index (provider_id, source)
  `,

  cms_groups: `
    id           id
    tenant_id    bigint
    provider_id  bigint not null
    name         string
    created_at   datetime
    updated_at   datetime
    index (provider_id)
  `,

  cms_group_sections: `
    id          id
    group_id    bigint
    section_id  bigint
    tenant_id   bigint
    index (group_id)
  `,

  cms_permissions: `
    id          id
    tenant_id   bigint
    account_id  bigint
    name        string
    created_at  datetime
    updated_at  datetime
    group_id    bigint
    index (account_id)
  `,

  legal_terms: `
    id             id
    version        integer
    lock_version   integer default 0
    name           string
    slug           string
    body           longtext
    created_at     datetime
    updated_at     datetime
    published      boolean default false
    deleted        boolean default false
    archived       boolean default false
    created_by_id  bigint
    updated_by_id  bigint
    account_id     bigint
    tenant_id      bigint
    index (account_id)
  `,

  legal_term_versions: `
    id               id
    legal_term_id    bigint
    version          integer
    name             string
    slug             string
    body             longtext
    created_at       datetime
    updated_at       datetime
    published        boolean default false
    deleted          boolean default false
    archived         boolean default false
    version_comment  string
    created_by_id    bigint
    updated_by_id    bigint
    tenant_id        bigint
  `,

  legal_term_bindings: `
    id                  id
    legal_term_id       bigint
    legal_term_version  integer
    resource_type       string
    resource_id         bigint
    created_at          datetime
    updated_at          datetime
    scope               string
    tenant_id           bigint
  `,

  legal_term_acceptances: `
    id                  id
    legal_term_id       bigint
    legal_term_version  integer
    resource_type       string
    resource_id         bigint
    created_at          datetime
    updated_at          datetime
    tenant_id           bigint
    account_id          bigint
    index (account_id)
  `,

  forums: `
    id                id
    name              string
    description       string
    topics_count      integer default 0
    posts_count       integer default 0
    position          integer default 0
    description_html  text
    state             string default 'public'
    permalink         string
    account_id        bigint
    tenant_id         bigint
    index (position) named index_forums_on_position_and_site_id
    index (permalink) named index_forums_on_site_id_and_permalink
  `,

  moderatorships: `
    id          id
    forum_id    bigint
    user_id     bigint
    created_at  datetime
    updated_at  datetime
    tenant_id   bigint
  `,

  topic_categories: `
    id          id
    name        string
    created_at  datetime
    updated_at  datetime
    forum_id    bigint
    tenant_id   bigint
    index (forum_id)
  `,

  topics: `
    id               id
    forum_id         bigint
    user_id          bigint
    title            string
    created_at       datetime
    updated_at       datetime
    hits             integer default 0
    sticky           boolean not null default false
    posts_count      integer default 0
    locked           boolean default false
    last_post_id     bigint
    last_updated_at  datetime
    last_user_id     bigint
    permalink        string
    category_id      bigint
    delta            boolean not null default true
    tenant_id        bigint
    index (last_updated_at, forum_id) named index_topics_on_forum_id_and_last_updated_at
    index (forum_id, permalink)
    index (sticky, last_updated_at, forum_id) named index_topics_on_sticky_and_last_updated_at
  `,

  posts: `
    id              id
    user_id         bigint
    topic_id        bigint
    body            text
    created_at      datetime
    updated_at      datetime
    forum_id        bigint
    body_html       text
    email           string
    first_name      string
    last_name       string
    anonymous_user  boolean default false
    tenant_id       bigint
    index (created_at, forum_id) named index_posts_on_forum_id
    index (created_at, topic_id) named index_posts_on_topic_id
    index (created_at, user_id) named index_posts_on_user_id
  `,

  user_topics: `
    id          id
    user_id     bigint
    topic_id    bigint
    created_at  datetime
    updated_at  datetime
    tenant_id   bigint
  `,

  categories: `
    id                id
    category_type_id  bigint
    parent_id         bigint
    name              string
    created_at        datetime
    updated_at        datetime
    account_id        bigint
    tenant_id         bigint
    index (account_id)
  `,

  category_types: `
    id          id
    name        string
    created_at  datetime
    updated_at  datetime
    account_id  bigint
    tenant_id   bigint
    index (account_id)
  `,

  tags: `
    id              id
    name            string
    created_at      datetime
    updated_at      datetime
    account_id      bigint
    tenant_id       bigint
    taggings_count  integer default 0
    index (account_id)
    unique (name, tenant_id) named index_tags_on_name since 2.12
  `,

  taggings: `
    id             id
    tag_id         bigint
    taggable_id    bigint
    taggable_type  string
    created_at     datetime
    updated_at     datetime
    tenant_id      bigint
    tagger_id      integer
    tagger_type    string
    context        string
    index (tag_id)
    index (taggable_id, taggable_type, context) until 2.11
    index (taggable_id, taggable_type, context) named taggings_taggable_context_idx since 2.12
  `,

  slugs: `
    id              id
    name            string
    sluggable_type  string(50)
    sluggable_id    bigint
    created_at      datetime
    sequence        integer not null default 1
    tenant_id       bigint
    index (name, sluggable_type, sequence) named index_slugs_on_n_s_and_s
    index (sluggable_id)
  `,
} as const satisfies TableNotation
