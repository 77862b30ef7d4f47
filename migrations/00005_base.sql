-- What an image was built from.

-- +goose Up
-- Content is global: what runs an image is asked for across tenants, too.
drop index container_image;
create index container_image on container (image_id, tenant_id, workload_id);

-- The OCI ChainID of all layers: the same for images with the same layers.
alter table image add column chain text not null default '';
create index image_chain on image (chain) where chain <> '';

create table image_base (
  image_id   bigint   primary key,
  name       text     not null default '', -- host/repository:tag, by the image's own word
  digest     text     not null default '',
  layers     smallint not null default 0,  -- how many of the lowest layers; 0 when not known
  evidence   text     not null,            -- image.BaseEvidence
  created_at timestamptz,
  signed     boolean,
  problem    text     not null default ''
);
create index image_base_name on image_base (name) where name <> '';

-- Which manifest the tag of a base means now, for each platform that stands on
-- it.
create table base_tag (
  name         text not null,
  os           text not null,
  architecture text not null,
  variant      text not null,
  digest       text not null default '', -- empty until a registry answered
  error        text not null default '',
  checked_at   timestamptz not null default now(),
  primary key (name, os, architecture, variant)
);
create index base_tag_digest on base_tag (digest) where digest <> '';

-- +goose Down
drop index container_image;
create index container_image on container (tenant_id, image_id, workload_id);
drop table base_tag, image_base;
drop index image_chain;
alter table image drop column chain;
