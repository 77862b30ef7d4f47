-- What is asked for by every list, and how people name a workload.

-- +goose Up
-- Where something could not be read: few.
create index scope_gap on scope (tenant_id, provider, account, region) where outcome <> 'complete' and gone_at is null;
create index workload_name on workload (tenant_id, name);

-- +goose Down
drop index workload_name;
drop index scope_gap;
