package postgres

// otherRepository stands for an error about a repository of somebody else.
const otherRepository = `another repository that has the image cannot be read`

// forTenant returns the expression of an error about image i as the tenant $1
// may read it: content is the same for all, and is read from whichever
// repository has it, but whose those are is for their tenants to know.
func forTenant(text string) string {
	names := `c.image_id = i.id and (strpos(` + text + `, c.host || '/' || c.repository || '@') > 0
		or strpos(` + text + `, c.host || '/' || c.repository || ':') > 0)`
	return `case when ` + text + ` <> ''
		and not exists (select from container c where c.tenant_id = $1 and ` + names + `)
		and exists (select from tenant o join container c on c.tenant_id = o.id where o.id <> $1 and ` + names + `)
		then '` + otherRepository + `' else ` + text + ` end`
}
