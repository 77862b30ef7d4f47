-- What registries keep about images beside them: signatures, attestations,
-- bills of materials. Present, not verified.

-- +goose Up
alter table image
  add column referrers_at      timestamptz,              -- null until a registry was asked
  add column referrers_problem text not null default ''; -- why there may be more

create table image_referrer (
  image_id       bigint   not null,
  ordinal        smallint not null,
  kind           text     not null, -- image.ReferrerKind
  artifact_type  text     not null default '',
  predicate_type text     not null default '',
  digest         text     not null, -- of the referrer's manifest
  size           bigint   not null,
  place          text     not null, -- image.ReferrerPlace
  subject        text     not null, -- the manifest or index that it is about
  primary key (image_id, ordinal)
);

-- +goose Down
drop table image_referrer;
alter table image drop column referrers_at, drop column referrers_problem;
