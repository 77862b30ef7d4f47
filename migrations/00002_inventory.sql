-- Tenant data: tenant_id leads every primary key, there are no foreign keys
-- across tenants or to content, no triggers and no sequences, so that the
-- schema can be sharded by tenant unchanged.

-- +goose Up
create table tenant (
  id         integer     primary key,
  name       text        not null unique,
  created_at timestamptz not null default now()
);
insert into tenant (id, name) values (1, 'default');

create table account (
  tenant_id    integer     not null,
  id           bigint      not null,
  provider     text        not null,
  account      text        not null, -- the provider's identifier
  name         text        not null default '',
  organization text        not null default '',
  status       text        not null default '',
  first_seen   timestamptz not null default now(),
  primary key (tenant_id, id),
  unique (tenant_id, provider, account)
);

create table scope (
  tenant_id    integer     not null,
  id           bigint      not null, -- 63 bits of SHA-256 of the key
  parent_id    bigint,               -- null for configured roots
  provider     text        not null,
  account      text        not null,
  region       text        not null,
  collector    text        not null,
  target       text        not null default '',
  params       jsonb       not null default '{}',
  digest       bytea       not null default '',
  run          bigint      not null default 0, -- fencing token: counts applied runs
  outcome      text        not null default 'pending',
  since        timestamptz not null default now(), -- of the outcome and its reason
  reason       text        not null default '',
  permission   text        not null default '',
  remedy       text        not null default '',
  records      integer     not null default 0,
  duration_ms  integer     not null default 0,
  first_seen   timestamptz not null default now(),
  tried_at     timestamptz,
  completed_at timestamptz,
  gone_at      timestamptz,
  primary key (tenant_id, id)
) with (fillfactor = 50);
create index scope_account on scope (tenant_id, provider, account, region, collector);
create index scope_parent on scope (tenant_id, parent_id);
-- Where something could not be read: few, and asked for by every list.
create index scope_gap on scope (tenant_id, provider, account, region) where outcome <> 'complete' and gone_at is null;

-- The lease of an account: one row per account, so that a collection that
-- finds nothing new writes one row and not one per scope.
create table pass (
  tenant_id integer not null,
  provider  text    not null,
  account   text    not null,
  token     bigint  not null,    -- counts the passes that began
  seen_at   timestamptz,         -- when the last pass that ended began
  primary key (tenant_id, provider, account)
) with (fillfactor = 50);

-- Scopes with the times at which they were tried and complete: a pass that
-- ended has tried all scopes of its account and has written to those that are
-- not as they were.
create view scope_seen as
select s.tenant_id, s.id, s.parent_id, s.provider, s.account, s.region, s.collector, s.target, s.params,
  s.digest, s.run, s.outcome, s.since, s.reason, s.permission, s.remedy, s.records, s.duration_ms, s.first_seen,
  case when s.outcome = 'complete' then greatest(s.tried_at, p.seen_at) else s.tried_at end as tried_at,
  case when s.outcome = 'complete' then greatest(s.completed_at, p.seen_at) else s.completed_at end as completed_at,
  s.gone_at
from scope s
left join pass p on p.tenant_id = s.tenant_id and p.provider = s.provider and p.account = s.account;

create table workload (
  tenant_id      integer     not null,
  id             bigint      not null, -- 63 bits of SHA-256 of uid
  uid            text        not null,
  scope_id       bigint      not null,
  hash           bigint      not null,
  first_seen     timestamptz not null,
  changed_at     timestamptz not null,
  provider       text        not null,
  account        text        not null,
  region         text        not null,
  kind           text        not null,
  name           text        not null,
  namespace      text        not null default '',
  cluster        text        not null default '',
  replicas       integer     not null default 0,
  identity_id    bigint,
  attrs          jsonb       not null, -- inventory.Workload
  -- Rollups, kept by jobs; compared before they are written.
  exposed        boolean     not null default false,
  max_severity   smallint    not null default 0,
  critical       integer     not null default 0,
  high           integer     not null default 0,
  kev            boolean     not null default false,
  failed_checks  smallint    not null default 0,
  reads_critical boolean     not null default false,
  score          integer     not null default 0,
  primary key (tenant_id, id)
) with (fillfactor = 85);
create index workload_scope on workload (tenant_id, scope_id) include (id, hash);
create index workload_list on workload (tenant_id, score desc, id desc);
create index workload_account on workload (tenant_id, provider, account, score desc, id desc);
create index workload_kind on workload (tenant_id, kind, score desc, id desc);
create index workload_exposed on workload (tenant_id, score desc, id desc) where exposed;
create index workload_name on workload (tenant_id, name);
create index workload_identity on workload (tenant_id, identity_id);

create table container (
  tenant_id    integer  not null,
  workload_id  bigint   not null,
  ordinal      smallint not null,
  name         text     not null,
  type         text     not null,
  reference    text     not null, -- as the workload asks, verbatim
  host         text     not null, -- registry; empty when the reference is malformed
  repository   text     not null,
  tag          text     not null default '',
  digest       text     not null default '', -- what runs, as far as known
  digest_kind  text     not null default '',
  architecture text     not null default '',
  replicas     integer  not null default 0,
  image_id     bigint,
  unresolved   text     not null default '', -- why image_id is null
  primary key (tenant_id, workload_id, ordinal)
);
create index container_image on container (tenant_id, image_id, workload_id);
create index container_repository on container (tenant_id, host, repository);
create index container_unresolved on container (tenant_id, digest, host) where image_id is null;

create table identity (
  tenant_id      integer     not null,
  id             bigint      not null,
  uid            text        not null,
  scope_id       bigint      not null,
  hash           bigint      not null,
  first_seen     timestamptz not null,
  changed_at     timestamptz not null,
  account        text        not null,
  kind           text        not null,
  name           text        not null,
  cloud_identity_id bigint,
  attrs          jsonb       not null,
  primary key (tenant_id, id)
);
create index identity_scope on identity (tenant_id, scope_id) include (id, hash);
create index identity_cloud on identity (tenant_id, cloud_identity_id);

create table resource (
  tenant_id  integer     not null,
  id         bigint      not null,
  uid        text        not null,
  scope_id   bigint      not null,
  hash       bigint      not null,
  first_seen timestamptz not null,
  changed_at timestamptz not null,
  provider   text        not null,
  account    text        not null,
  region     text        not null,
  kind       text        not null,
  name       text        not null,
  attrs      jsonb       not null,
  primary key (tenant_id, id)
);
create index resource_scope on resource (tenant_id, scope_id) include (id, hash);
create index resource_place on resource (tenant_id, provider, account, region, kind);

create table exposure (
  tenant_id   integer     not null,
  id          bigint      not null,
  uid         text        not null,
  scope_id    bigint      not null,
  hash        bigint      not null,
  first_seen  timestamptz not null,
  changed_at  timestamptz not null,
  workload_id bigint      not null,
  via         text        not null,
  address     text        not null,
  attrs       jsonb       not null,
  primary key (tenant_id, id)
);
create index exposure_scope on exposure (tenant_id, scope_id) include (id, hash);
create index exposure_workload on exposure (tenant_id, workload_id);

create table repository_image (
  tenant_id  integer     not null,
  id         bigint      not null,
  uid        text        not null,
  scope_id   bigint      not null,
  hash       bigint      not null,
  first_seen timestamptz not null,
  changed_at timestamptz not null,
  name       text        not null, -- host/repository
  digest     text        not null,
  tags       text[]      not null,
  attrs      jsonb       not null,
  primary key (tenant_id, id)
);
create index repository_image_scope on repository_image (tenant_id, scope_id) include (id, hash);
create index repository_image_digest on repository_image (tenant_id, digest);
create index repository_image_name on repository_image (tenant_id, name);

-- What a registry last answered for a tag.
create table reference (
  tenant_id  integer     not null,
  id         bigint      not null, -- of host/repository:tag
  name       text        not null,
  tag        text        not null,
  digest     text        not null default '',
  first_seen timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  checked_at timestamptz not null default now(),
  error      text        not null default '',
  primary key (tenant_id, id)
);

create table workload_check (
  tenant_id   integer  not null,
  workload_id bigint   not null,
  check_id    text     not null,
  container   text     not null default '',
  severity    smallint not null,
  detail      text     not null,
  primary key (tenant_id, workload_id, check_id, container)
);

-- Closed versions of every record type, and of the outcomes of scopes (type
-- 'scope_result'), partitioned by the month they ended.
create table history (
  tenant_id  integer     not null,
  type       text        not null,
  id         bigint      not null,
  uid        text        not null,
  scope_id   bigint      not null,
  valid_from timestamptz not null,
  valid_to   timestamptz not null,
  gone       boolean     not null, -- else replaced by a newer version
  first_seen timestamptz not null,
  attrs      jsonb       not null
) partition by range (valid_to);
create table history_default partition of history default;
create index history_type on history (tenant_id, type, valid_to, valid_from);
create index history_record on history (tenant_id, type, id, valid_from);

-- +goose Down
drop view scope_seen;
drop table history, workload_check, reference, repository_image, exposure, resource, identity,
  container, workload, pass, scope, account, tenant;
