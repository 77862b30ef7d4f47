-- Content is global: an image, a layer, a package or an advisory is the same
-- for every tenant and is read and matched once.

-- +goose Up
create table image (
  id            bigint      primary key, -- 63 bits of SHA-256 of the digest
  digest        text        not null unique,
  media_type    text        not null default '',
  config_digest text        not null default '',
  os            text        not null default '',
  architecture  text        not null default '',
  variant       text        not null default '',
  size          bigint      not null default 0, -- compressed bytes of all layers
  config        jsonb,                          -- image.Config; null until resolved
  created_at    timestamptz,                    -- by the image's own word
  first_seen    timestamptz not null default now(),
  -- What the last scan found; scan_version 0 means never scanned.
  scan_state    text        not null default 'new'
                check (scan_state in ('new', 'scanned', 'partial', 'failed')),
  scan_error    text        not null default '',
  scan_version  integer     not null default 0,
  scanned_at    timestamptz,
  distribution  text        not null default '', -- OSV ecosystem: "Debian:12"
  packages      integer     not null default 0,
  sbom          bigint[]    not null default '{}', -- package ids
  inventory     bytea,                           -- zstd JSON of image.Inventory
  -- Rollup of image_vulnerability and image_check.
  matched_at    timestamptz,
  max_severity  smallint    not null default 0,
  critical      integer     not null default 0,
  high          integer     not null default 0,
  medium        integer     not null default 0,
  low           integer     not null default 0,
  unknown       integer     not null default 0,
  kev           integer     not null default 0,
  failed_checks integer     not null default 0
) with (fillfactor = 80);
create index image_config_digest on image (config_digest);
create index image_unscanned on image (scan_version) where config is not null;
create index image_sbom on image using gin (sbom) with (fastupdate = off);

-- An image index and its platform manifests.
create table image_index (
  digest       text not null, -- of the index
  manifest     text not null, -- of the child
  os           text not null,
  architecture text not null,
  variant      text not null default '',
  primary key (digest, manifest)
);

create table image_layer (
  image_id   bigint   not null,
  ordinal    smallint not null,
  digest     text     not null,
  diff_id    text     not null default '',
  media_type text     not null default '',
  size       bigint   not null,
  created_by text     not null default '',
  primary key (image_id, ordinal)
);
create index image_layer_digest on image_layer (digest);

-- The result of reading a layer, once per extractor-set version.
create table layer (
  digest     text        not null,
  version    integer     not null,
  result     bytea       not null, -- zstd JSON of scan.LayerResult
  scanned_at timestamptz not null default now(),
  primary key (digest, version)
);

-- One row per package identity that matching distinguishes.
create table package (
  id             bigint  primary key, -- 63 bits of SHA-256 of the other columns
  ecosystem      text    not null,
  name           text    not null,
  version        text    not null,
  source         text    not null default '',
  source_version text    not null default '',
  matchable      boolean not null, -- false when a distribution package owns it
  match_name     text    not null, -- source, or name, normalised for the ecosystem
  matched_at     timestamptz       -- when all advisories were first compared
);
create index package_match on package (match_name, ecosystem) where matchable;
create index package_name on package (name);

create table image_check (
  image_id bigint   not null,
  check_id text     not null,
  ordinal  smallint not null, -- several places can fail one check
  severity smallint not null,
  detail   text     not null,
  path     text     not null default '',
  layer    integer  not null default -1,
  primary key (image_id, check_id, ordinal)
);

create table advisory (
  id              bigint   primary key, -- 63 bits of SHA-256 of source and ref
  source          text     not null,    -- the feed that brought it
  ref             text     not null,    -- OSV id
  vulnerabilities text[]   not null,        -- CVE ids, or ref itself
  severity        smallint not null,
  score           real     not null default 0, -- CVSS base score, 0 if none
  summary         text     not null default '',
  published       timestamptz,
  modified        timestamptz,
  hash            bigint   not null,
  doc             jsonb    not null, -- advisory.Advisory
  unique (source, ref)
);
create index advisory_vulnerabilities on advisory using gin (vulnerabilities);

-- The package names that an advisory speaks of, of any ecosystem: few names
-- are used in two, and the matcher tells them apart.
create table advisory_name (
  name        text   not null,
  advisory_id bigint not null,
  primary key (name, advisory_id)
);
create index advisory_name_advisory on advisory_name (advisory_id);

create table kev (
  cve      text primary key,
  added    date,
  name     text not null default '',
  ransomware boolean not null default false
);

create table feed (
  source      text        primary key,
  location    text        not null default '',
  state       jsonb       not null default '{}', -- advisory.State
  advisories  integer     not null default 0,
  imported_at timestamptz,
  tried_at    timestamptz,
  error       text        not null default ''
);

-- Which package versions an advisory affects.
create table package_advisory (
  package_id  bigint not null,
  advisory_id bigint not null,
  fixed       text   not null default '',
  primary key (package_id, advisory_id)
);
create index package_advisory_advisory on package_advisory (advisory_id, package_id);

-- Findings on images, once per image and never per workload.
create table image_vulnerability (
  image_id      bigint   not null,
  vulnerability text     not null,
  package_id    bigint   not null,
  advisory_id   bigint   not null,
  severity      smallint not null,
  kev           boolean  not null,
  fixed         text     not null default '',
  primary key (image_id, vulnerability, package_id)
);
create index image_vulnerability_vulnerability on image_vulnerability (vulnerability, image_id);

-- +goose Down
drop table image_vulnerability, package_advisory, feed, kev, advisory_name, advisory,
  image_check, package, layer, image_layer, image_index, image;
