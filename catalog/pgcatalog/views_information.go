package pgcatalog

import (
	"maps"
	"strings"
)

// Of the columns of a relation, in SQL over pg_attribute a and pg_type t: what information_schema tells of a type.
const (
	charLength = `CASE WHEN a.atttypid IN (1042, 1043) AND a.atttypmod > 0 THEN a.atttypmod - 4
		WHEN a.atttypid IN (1560, 1562) THEN a.atttypmod END`
	octetLength = `CASE WHEN a.atttypid IN (25, 1042, 1043) THEN CASE WHEN a.atttypid = 25 OR a.atttypmod < 0 THEN 1073741824
		ELSE (a.atttypmod - 4) * 4 END END`
	precision = `CASE a.atttypid WHEN 21 THEN 16 WHEN 23 THEN 32 WHEN 20 THEN 64 WHEN 700 THEN 24 WHEN 701 THEN 53
		WHEN 1700 THEN CASE WHEN a.atttypmod >= 0 THEN (a.atttypmod - 4) >> 16 & 65535 END END`
	radix = `CASE WHEN a.atttypid IN (21, 23, 20, 700, 701) THEN 2 WHEN a.atttypid = 1700 THEN 10 END`
	scale = `CASE WHEN a.atttypid IN (21, 23, 20) THEN 0
		WHEN a.atttypid = 1700 AND a.atttypmod >= 0 THEN (a.atttypmod - 4) & 65535 END`
	datetimePrecision = `CASE WHEN a.atttypid = 1082 THEN 0
		WHEN a.atttypid IN (1083, 1114, 1184, 1266) THEN CASE WHEN a.atttypmod < 0 THEN 6 ELSE a.atttypmod END
		WHEN a.atttypid = 1186 THEN CASE WHEN a.atttypmod < 0 OR a.atttypmod & 65535 = 65535 THEN 6 ELSE a.atttypmod & 65535 END END`
	dataType = `CASE WHEN t.typelem <> 0 AND t.typlen = -1 AND t.typcategory = 'A' THEN 'ARRAY'
		WHEN t.typnamespace = 11 THEN pg_catalog.format_type(a.atttypid, NULL) ELSE 'USER-DEFINED' END`

	here = `pg_catalog.current_database()`

	// Of a row x of aclexplode: whose the grant is, whom it is to, and whether it is one that who asks may see.
	grantorName  = `pg_catalog.pg_get_userbyid(x.grantor)`
	granteeName  = `CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(x.grantee) END`
	grantable    = `CASE WHEN x.is_grantable OR pg_catalog.pg_has_role(x.grantee, relowner, 'USAGE') THEN 'YES' ELSE 'NO' END`
	mineOrPublic = `(x.grantee = 0 OR pg_catalog.pg_has_role(x.grantor, 'USAGE') OR pg_catalog.pg_has_role(x.grantee, 'USAGE'))`

	// What a foreign key does is told between these.
	action  = `CASE `
	actions = ` WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' WHEN 'r' THEN 'RESTRICT' WHEN 'a' THEN 'NO ACTION' END`
)

// over is an expression over a and t as one over the type bt that a domain t is over, ofDomain tells of a column's type or of that one.
func over(e string) string {
	e = strings.ReplaceAll(e, "t.typ", "bt.typ")
	return strings.NewReplacer("a.atttypid", "t.typbasetype", "a.atttypmod", "t.typtypmod").Replace(e)
}

func ofDomain(e string) string {
	return "CASE WHEN t.typtype = 'd' THEN " + over(e) + " ELSE " + e + " END"
}

func init() {
	maps.Copy(views, map[string]string{
		"information_schema.information_schema_catalog_name": `SELECT ` + here,

		"information_schema.schemata": `SELECT ` + here + `, n.nspname, pg_catalog.pg_get_userbyid(n.nspowner), NULL::name, NULL::name, NULL::name, NULL::varchar
			FROM pg_catalog.pg_namespace n`,

		"information_schema.tables": `SELECT ` + here + `, n.nspname, c.relname,
			CASE WHEN n.oid = pg_catalog.pg_my_temp_schema() THEN 'LOCAL TEMPORARY' WHEN c.relkind IN ('r', 'p') THEN 'BASE TABLE' WHEN c.relkind = 'v' THEN 'VIEW' WHEN c.relkind = 'f' THEN 'FOREIGN' END,
			NULL::name, NULL::name, NULL::name, NULL::name, NULL::name,
			CASE WHEN c.relkind IN ('r', 'p') OR c.relkind IN ('v', 'f') AND (pg_catalog.pg_relation_is_updatable(c.oid, false) & 8) = 8 THEN 'YES' ELSE 'NO' END, 'NO', NULL::varchar
			FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'v', 'f', 'p')`,

		"information_schema.views": `SELECT ` + here + `, n.nspname, c.relname, pg_catalog.pg_get_viewdef(c.oid),
			CASE WHEN 'check_option=cascaded' = ANY (c.reloptions) THEN 'CASCADED' WHEN 'check_option=local' = ANY (c.reloptions) THEN 'LOCAL' ELSE 'NONE' END,
			CASE WHEN (pg_catalog.pg_relation_is_updatable(c.oid, false) & 20) = 20 THEN 'YES' ELSE 'NO' END,
			CASE WHEN (pg_catalog.pg_relation_is_updatable(c.oid, false) & 8) = 8 THEN 'YES' ELSE 'NO' END, 'NO', 'NO', 'NO'
			FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'v'`,

		"information_schema.columns": `SELECT ` + here + `, n.nspname, c.relname, a.attname, a.attnum,
			CASE WHEN a.attgenerated = '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END,
			CASE WHEN a.attnotnull THEN 'NO' ELSE 'YES' END, ` + ofDomain(dataType) + `,
			` + ofDomain(charLength) + `, ` + ofDomain(octetLength) + `, ` + ofDomain(precision) + `, ` + ofDomain(radix) + `, ` + ofDomain(scale) + `, ` + ofDomain(datetimePrecision) + `,
			NULL::varchar, NULL::int, NULL::name, NULL::name, NULL::name, NULL::name, NULL::name, NULL::name,
			CASE WHEN t.typtype = 'd' THEN ` + here + ` END, CASE WHEN t.typtype = 'd' THEN tn.nspname END, CASE WHEN t.typtype = 'd' THEN t.typname END,
			` + here + `, coalesce(btn.nspname, tn.nspname), coalesce(bt.typname, t.typname), NULL::name, NULL::name, NULL::name, NULL::int, a.attnum::text, 'NO',
			CASE WHEN a.attidentity IN ('a', 'd') THEN 'YES' ELSE 'NO' END,
			CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END,
			s.seqstart::text, s.seqincrement::text, s.seqmax::text, s.seqmin::text,
			CASE WHEN s.seqcycle THEN 'YES' ELSE 'NO' END,
			CASE WHEN a.attgenerated = '' THEN 'NEVER' ELSE 'ALWAYS' END,
			CASE WHEN a.attgenerated <> '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END,
			CASE WHEN c.relkind IN ('r', 'p') OR c.relkind IN ('v', 'f') AND pg_catalog.pg_column_is_updatable(c.oid, a.attnum, false) THEN 'YES' ELSE 'NO' END
			FROM pg_catalog.pg_attribute a
			JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
			JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
			JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
			JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace
			LEFT JOIN (pg_catalog.pg_type bt JOIN pg_catalog.pg_namespace btn ON btn.oid = bt.typnamespace) ON t.typtype = 'd' AND bt.oid = t.typbasetype
			LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
			LEFT JOIN (pg_catalog.pg_depend dep JOIN pg_catalog.pg_sequence s ON dep.objid = s.seqrelid AND dep.deptype = 'i')
				ON dep.refclassid = 1259 AND dep.refobjid = a.attrelid AND dep.refobjsubid = a.attnum
			WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v', 'f', 'p')`,

		"information_schema.domains": `SELECT ` + here + `, n.nspname, t.typname,
			CASE WHEN bt.typnamespace = 11 THEN pg_catalog.format_type(t.typbasetype, NULL) ELSE 'USER-DEFINED' END,
			` + over(charLength) + `, ` + over(octetLength) + `, NULL::name, NULL::name, NULL::name, NULL::name, NULL::name, NULL::name,
			` + over(precision) + `, ` + over(radix) + `, ` + over(scale) + `, ` + over(datetimePrecision) + `, NULL::varchar, NULL::int,
			t.typdefault, ` + here + `, btn.nspname, bt.typname, NULL::name, NULL::name, NULL::name, NULL::int, 1::text
			FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
			JOIN pg_catalog.pg_type bt ON bt.oid = t.typbasetype JOIN pg_catalog.pg_namespace btn ON btn.oid = bt.typnamespace WHERE t.typtype = 'd'`,

		"information_schema.domain_constraints": `SELECT ` + here + `, kn.nspname, k.conname, ` + here + `, n.nspname, t.typname,
			CASE WHEN k.condeferrable THEN 'YES' ELSE 'NO' END, CASE WHEN k.condeferred THEN 'YES' ELSE 'NO' END
			FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_namespace kn ON kn.oid = k.connamespace
			JOIN pg_catalog.pg_type t ON t.oid = k.contypid JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace`,

		"information_schema.domain_udt_usage": `SELECT ` + here + `, btn.nspname, bt.typname, ` + here + `, n.nspname, t.typname
			FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
			JOIN pg_catalog.pg_type bt ON bt.oid = t.typbasetype JOIN pg_catalog.pg_namespace btn ON btn.oid = bt.typnamespace WHERE t.typtype = 'd'`,

		"information_schema.table_constraints": `SELECT ` + here + `, n.nspname, k.conname, ` + here + `, n.nspname, c.relname,
			CASE k.contype WHEN 'c' THEN 'CHECK' WHEN 'f' THEN 'FOREIGN KEY' WHEN 'p' THEN 'PRIMARY KEY' WHEN 'u' THEN 'UNIQUE' END,
			CASE WHEN k.condeferrable THEN 'YES' ELSE 'NO' END, CASE WHEN k.condeferred THEN 'YES' ELSE 'NO' END, 'YES',
			CASE WHEN k.contype = 'u' THEN 'YES' END
			FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace
			WHERE k.contype IN ('c', 'f', 'p', 'u')
			UNION ALL
			SELECT ` + here + `, n.nspname, n.oid::text || '_' || c.oid::text || '_' || a.attnum::text || '_not_null', ` + here + `, n.nspname, c.relname,
			'CHECK', 'NO', 'NO', 'YES', NULL
			FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
			WHERE a.attnotnull AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p')`,

		"information_schema.check_constraints": `SELECT ` + here + `, n.nspname, k.conname, k.conbin::text
			FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace WHERE k.contype = 'c'
			UNION ALL
			SELECT ` + here + `, n.nspname, n.oid::text || '_' || c.oid::text || '_' || a.attnum::text || '_not_null', a.attname || ' IS NOT NULL'
			FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
			WHERE a.attnotnull AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p')`,

		"information_schema.key_column_usage": `SELECT ` + here + `, n.nspname, k.conname, ` + here + `, n.nspname, c.relname, a.attname,
			pg_catalog.array_position(k.conkey, a.attnum),
			CASE WHEN k.contype = 'f' THEN pg_catalog.array_position(pg_catalog.string_to_array(i.indkey::text, ' ')::int2[],
				k.confkey[pg_catalog.array_position(k.conkey, a.attnum)]) END
			FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace
			JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = k.conindid
			WHERE a.attnum = ANY (k.conkey) AND k.contype IN ('p', 'u', 'f')`,

		"information_schema.constraint_column_usage": `SELECT ` + here + `, n.nspname, c.relname, a.attname, ` + here + `, n.nspname, k.conname
			FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace
			JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid
			WHERE a.attnum = ANY (k.conkey) AND k.contype IN ('p', 'u', 'c')
			UNION ALL
			SELECT ` + here + `, cn.nspname, c.relname, a.attname, ` + here + `, n.nspname, k.conname
			FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.confrelid JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace
			JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid
			WHERE a.attnum = ANY (k.confkey) AND k.contype = 'f'`,

		"information_schema.constraint_table_usage": `SELECT ` + here + `, n.nspname, c.relname, ` + here + `, n.nspname, k.conname
			FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace
			WHERE k.contype IN ('p', 'u')
			UNION ALL
			SELECT ` + here + `, cn.nspname, c.relname, ` + here + `, n.nspname, k.conname
			FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.confrelid JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace
			JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace WHERE k.contype = 'f'`,

		"information_schema.referential_constraints": `SELECT ` + here + `, n.nspname, k.conname,
			CASE WHEN un.nspname IS NOT NULL THEN ` + here + ` END, un.nspname, u.conname,
			CASE k.confmatchtype WHEN 'f' THEN 'FULL' WHEN 'p' THEN 'PARTIAL' WHEN 's' THEN 'NONE' END,
			` + action + `k.confupdtype` + actions + `, ` + action + `k.confdeltype` + actions + `
			FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace
			LEFT JOIN (pg_catalog.pg_constraint u JOIN pg_catalog.pg_namespace un ON un.oid = u.connamespace)
				ON u.conindid = k.conindid AND u.contype IN ('p', 'u') AND u.conrelid = k.confrelid
			WHERE k.contype = 'f'`,

		"information_schema.sequences": `SELECT ` + here + `, n.nspname, c.relname, pg_catalog.format_type(s.seqtypid, NULL),
			CASE s.seqtypid WHEN 21 THEN 16 WHEN 23 THEN 32 WHEN 20 THEN 64 END, 2, 0,
			s.seqstart::text, s.seqmin::text, s.seqmax::text, s.seqincrement::text, CASE WHEN s.seqcycle THEN 'YES' ELSE 'NO' END
			FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
			WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.classid = 1259 AND d.objid = c.oid AND d.deptype = 'i')`,

		"information_schema.character_sets": `SELECT NULL::name, NULL::name, 'UTF8', 'UCS', 'UTF8', ` + here + `, 'pg_catalog', 'C.UTF-8'`,

		"information_schema.collations": `SELECT ` + here + `, n.nspname, c.collname, 'NO PAD'
			FROM pg_catalog.pg_collation c JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace WHERE c.collencoding IN (-1, 6)`,

		"information_schema.enabled_roles": `SELECT rolname FROM pg_catalog.pg_authid WHERE pg_catalog.pg_has_role(oid, 'USAGE')`,
		"information_schema.applicable_roles": `SELECT m.rolname, r.rolname, CASE WHEN x.admin_option THEN 'YES' ELSE 'NO' END
			FROM pg_catalog.pg_auth_members x JOIN pg_catalog.pg_authid m ON m.oid = x.member JOIN pg_catalog.pg_authid r ON r.oid = x.roleid
			WHERE pg_catalog.pg_has_role(m.oid, 'USAGE')`,

		"information_schema.table_privileges": `SELECT ` + grantorName + `, ` + granteeName + `, ` + here + `, n.nspname, c.relname, x.privilege_type,
			` + grantable + `, CASE WHEN x.privilege_type = 'SELECT' THEN 'YES' ELSE 'NO' END
			FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,
			LATERAL pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))) AS x
			WHERE c.relkind IN ('r', 'v', 'f', 'p') AND ` + mineOrPublic,
		"information_schema.role_table_grants": `SELECT * FROM information_schema.table_privileges WHERE grantee <> 'PUBLIC'`,

		"information_schema.column_privileges": `SELECT DISTINCT ` + grantorName + `, ` + granteeName + `, ` + here + `, x.nspname, x.relname, x.attname, x.privilege_type,
			` + grantable + `
			FROM (SELECT n.nspname, c.relname, c.relowner, a.attname, p.grantor, p.grantee, p.privilege_type, p.is_grantable
				FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,
				LATERAL pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))) AS p
				WHERE c.relkind IN ('r', 'v', 'f', 'p') AND a.attnum > 0 AND NOT a.attisdropped
				UNION ALL
				SELECT n.nspname, c.relname, c.relowner, a.attname, p.grantor, p.grantee, p.privilege_type, p.is_grantable
				FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,
				LATERAL pg_catalog.aclexplode(a.attacl) AS p
				WHERE c.relkind IN ('r', 'v', 'f', 'p') AND a.attnum > 0 AND NOT a.attisdropped) AS x
			WHERE x.privilege_type IN ('INSERT', 'SELECT', 'UPDATE', 'REFERENCES') AND ` + mineOrPublic,
		"information_schema.role_column_grants": `SELECT * FROM information_schema.column_privileges WHERE grantee <> 'PUBLIC'`,

		"information_schema.routines": routines,
	})
}

// routines is information_schema.routines, of which most columns are NULL for all.
const routines = `SELECT ` + here + `, n.nspname, p.proname || '_' || p.oid::text, ` + here + `, n.nspname, p.proname,
	CASE p.prokind WHEN 'f' THEN 'FUNCTION' WHEN 'p' THEN 'PROCEDURE' END,
	NULL::name, NULL::name, NULL::name, NULL::name, NULL::name, NULL::name,
	CASE WHEN p.prokind = 'p' THEN NULL WHEN t.typelem <> 0 AND t.typlen = -1 AND t.typcategory = 'A' THEN 'ARRAY'
		WHEN t.typnamespace = 11 THEN pg_catalog.format_type(t.oid, NULL) ELSE 'USER-DEFINED' END,
	NULL::int, NULL::int, NULL::name, NULL::name, NULL::name, NULL::name, NULL::name, NULL::name, NULL::int, NULL::int, NULL::int, NULL::int, NULL::varchar, NULL::int,
	` + here + `, tn.nspname, t.typname, NULL::name, NULL::name, NULL::name, NULL::int, 0::text,
	CASE WHEN l.lanname = 'sql' THEN 'SQL' ELSE 'EXTERNAL' END, p.prosrc,
	CASE WHEN l.lanname = 'c' THEN p.prosrc END, pg_catalog.upper(l.lanname::text), 'GENERAL',
	CASE WHEN p.provolatile = 'i' THEN 'YES' ELSE 'NO' END, 'MODIFIES', CASE WHEN p.proisstrict THEN 'YES' ELSE 'NO' END,
	NULL::varchar, 'YES', 0, NULL::varchar, NULL::varchar, CASE WHEN p.prosecdef THEN 'DEFINER' ELSE 'INVOKER' END,
	NULL::name, NULL::name, NULL::name, 'NO', NULL::timestamptz, NULL::timestamptz, NULL::varchar,
	NULL::varchar, NULL::varchar, NULL::int, NULL::int, NULL::name, NULL::name, NULL::name, NULL::name, NULL::name, NULL::name, NULL::int, NULL::int, NULL::int,
	NULL::int, NULL::varchar, NULL::int, NULL::name, NULL::name, NULL::name, NULL::name, NULL::name, NULL::name, NULL::int, NULL::name,
	NULL::int
	FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace JOIN pg_catalog.pg_language l ON l.oid = p.prolang
	JOIN pg_catalog.pg_type t ON t.oid = p.prorettype JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace
	WHERE p.prokind IN ('f', 'p')`
