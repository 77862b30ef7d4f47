-- Secrets in images are kept as their place and a hash under a key of this
-- installation.

-- +goose Up
create table installation (
  name  text  primary key,
  value bytea not null
);
alter table image_check add column secret jsonb; -- finding.Secret; null if it is none

-- +goose Down
alter table image_check drop column secret;
drop table installation;
