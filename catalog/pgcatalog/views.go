package pgcatalog

// views are the relations that are queries over others, by their qualified names. A column that is of another type
// than the declaration's is cast to it.
var views = map[string]string{
	"pg_catalog.pg_roles": `SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolconnlimit,
		'********'::text, rolvaliduntil, rolbypassrls,
		s.setconfig, oid FROM pg_catalog.pg_authid a LEFT JOIN pg_catalog.pg_db_role_setting s ON a.oid = s.setrole AND s.setdatabase = 0`,

	"pg_catalog.pg_user": `SELECT usename, usesysid, usecreatedb, usesuper, userepl, usebypassrls, '********'::text, valuntil, useconfig
		FROM pg_catalog.pg_shadow`,

	"pg_catalog.pg_shadow": `SELECT rolname, oid, rolcreatedb, rolsuper, rolreplication, rolbypassrls, rolpassword, rolvaliduntil, s.setconfig
		FROM pg_catalog.pg_authid a LEFT JOIN pg_catalog.pg_db_role_setting s ON a.oid = s.setrole AND s.setdatabase = 0 WHERE rolcanlogin`,

	"pg_catalog.pg_group": `SELECT rolname, oid, ARRAY(SELECT m.member FROM pg_catalog.pg_auth_members m WHERE m.roleid = a.oid)
		FROM pg_catalog.pg_authid a WHERE NOT rolcanlogin`,

	"pg_catalog.pg_tables": `SELECT n.nspname, c.relname, pg_catalog.pg_get_userbyid(c.relowner), NULL::name, c.relhasindex, c.relhasrules,
		c.relhastriggers, c.relrowsecurity
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p')`,

	"pg_catalog.pg_policies": `SELECT n.nspname, c.relname, p.polname, CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
		CASE WHEN p.polroles = '{0}' THEN '{public}'::name[] ELSE ARRAY(SELECT a.rolname FROM pg_catalog.pg_authid a WHERE a.oid = ANY (p.polroles) ORDER BY a.rolname) END,
		CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' WHEN '*' THEN 'ALL' END,
		pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)
		FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace`,

	"pg_catalog.pg_views": `SELECT n.nspname, c.relname, pg_catalog.pg_get_userbyid(c.relowner), pg_catalog.pg_get_viewdef(c.oid)
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'v'`,

	"pg_catalog.pg_matviews": `SELECT n.nspname, c.relname, pg_catalog.pg_get_userbyid(c.relowner), NULL::name, c.relhasindex, c.relispopulated,
		pg_catalog.pg_get_viewdef(c.oid)
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'm'`,

	"pg_catalog.pg_indexes": `SELECT n.nspname, c.relname, i.relname, NULL::name, pg_catalog.pg_get_indexdef(i.oid)
		FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class c ON c.oid = x.indrelid JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
		JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace`,

	"pg_catalog.pg_sequences": `SELECT n.nspname, c.relname, pg_catalog.pg_get_userbyid(c.relowner), s.seqtypid::regtype, s.seqstart, s.seqmin, s.seqmax,
		s.seqincrement, s.seqcycle, s.seqcache, CASE WHEN has_sequence_privilege(c.oid, 'SELECT,USAGE') THEN pg_catalog.pg_sequence_last_value(c.oid::regclass) END
		FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace`,

	// How often relations are scanned nobody counts.
	"pg_catalog.pg_stat_all_tables": `SELECT c.oid, n.nspname, c.relname, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint,
		pg_catalog.pg_stat_get_tuples_inserted(c.oid), pg_catalog.pg_stat_get_tuples_updated(c.oid), pg_catalog.pg_stat_get_tuples_deleted(c.oid),
		0::bigint, pg_catalog.pg_stat_get_live_tuples(c.oid), pg_catalog.pg_stat_get_dead_tuples(c.oid), 0::bigint, 0::bigint,
		NULL::timestamptz, NULL::timestamptz, NULL::timestamptz, NULL::timestamptz, 0::bigint, 0::bigint, 0::bigint, 0::bigint
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 't', 'm', 'p')`,

	"pg_catalog.pg_stat_user_tables": `SELECT * FROM pg_catalog.pg_stat_all_tables
		WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')`,
	"pg_catalog.pg_stat_sys_tables": `SELECT * FROM pg_catalog.pg_stat_all_tables
		WHERE schemaname IN ('pg_catalog', 'information_schema', 'pg_toast')`,

	"pg_catalog.pg_stat_all_indexes": `SELECT c.oid, i.oid, n.nspname, c.relname, i.relname, NULL::bigint, NULL::bigint, NULL::bigint
		FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class c ON c.oid = x.indrelid JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
		JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace`,
	"pg_catalog.pg_stat_user_indexes": `SELECT * FROM pg_catalog.pg_stat_all_indexes
		WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')`,
	"pg_catalog.pg_stat_sys_indexes": `SELECT * FROM pg_catalog.pg_stat_all_indexes
		WHERE schemaname IN ('pg_catalog', 'information_schema', 'pg_toast')`,
}
