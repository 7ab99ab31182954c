package generated

import "fmt"

// name is one of few, so that statements meet one another's objects.
func (g *grammar) name(of string) string {
	return g.one("", "", "", "", "smith.", "other.") + fmt.Sprintf("%s%d", of, g.IntN(4))
}

func (g *grammar) target() string {
	switch n := g.IntN(6); {
	case n < 2 || len(g.tables) == 0:
		return g.name("t")
	case n < 5:
		return g.tables[g.IntN(len(g.tables))].name
	}
	return g.relations[g.IntN(len(g.relations))].name
}

func (g *grammar) columnName() string { return fmt.Sprintf("c%d", g.IntN(4)) }

// columns of a table that is made.
func (g *grammar) columnDefinition() string {
	name, kind := g.columnName(), g.kind()
	g.scope = append(g.scope, column{name, kind})
	switch g.IntN(10) {
	case 0:
		return name + " " + kind + " DEFAULT " + g.constantly(kind)
	case 1:
		return name + " " + kind + " CHECK (" + g.expr("boolean", 3) + ")"
	case 2:
		return name + " " + kind + " GENERATED ALWAYS AS (" + g.expr(kind, 2) + ") STORED"
	case 3:
		return name + " " + g.one("integer", "bigint") + " GENERATED " + g.one("ALWAYS", "BY DEFAULT") + " AS IDENTITY"
	case 4:
		return name + " " + kind + g.one(" PRIMARY KEY", " UNIQUE", " NOT NULL")
	case 5:
		return name + " integer REFERENCES " + g.target() + g.one("", " ON DELETE CASCADE", " ON UPDATE SET NULL", " DEFERRABLE INITIALLY DEFERRED")
	case 6:
		return name + " " + g.one("serial", "varchar(3)", "numeric(4,2)", "char(5)", "timestamptz(0)", "bit(3)", "interval second(2)", "numeric(3,-2)")
	}
	return name + " " + kind
}

// constantly is an expression without columns.
func (g *grammar) constantly(kind string) string {
	scope := g.scope
	g.scope = nil
	defer func() { g.scope = scope }()
	return g.expr(kind, 3)
}

func (g *grammar) ddl() string {
	g.scope = nil
	switch g.IntN(22) {
	case 0, 1:
		return "CREATE " + g.one("", "", "TEMP ") + "TABLE " + g.name("t") + " (" + g.some(4, ", ", g.columnDefinition) + g.maybe(", CHECK ("+g.expr("boolean", 2)+")") + ")"
	case 2:
		return "CREATE TABLE " + g.name("t") + " AS " + g.query("")
	case 3, 4:
		return "CREATE MATERIALIZED VIEW " + g.name("m") + " AS " + g.query("")
	case 5:
		return "CREATE " + g.maybe("OR REPLACE ") + "VIEW " + g.name("v") + " AS " + g.query("")
	case 6, 7, 8:
		return "ALTER TABLE " + g.target() + " " + g.some(2, ", ", g.alteration)
	case 9:
		return fmt.Sprintf("CREATE %sINDEX %s ON %s %s(%s)%s", g.maybe("UNIQUE "), g.one("", "i0", "i1"), g.target(), g.one("", "USING hash ", "USING gin "),
			g.some(2, ", ", func() string { return g.one(g.columnName(), "id", "("+g.within("text")+")") + g.one("", " DESC") }), g.maybe(" WHERE "+g.within("boolean")))
	case 10:
		return "CREATE STREAM " + g.name("s") + " (" + g.some(3, ", ", func() string { return g.columnName() + " " + g.kind() }) +
			g.maybe(", at timestamp, WATERMARK FOR at AS at - INTERVAL '1 second'") + ")"
	case 11:
		return "CREATE STREAM " + g.name("s") + " AS " + g.query("")
	case 12:
		return g.one("CREATE TYPE "+g.name("e")+" AS ENUM ('a', 'b')", "CREATE TYPE "+g.name("e")+" AS (x "+g.kind()+", y "+g.kind()+")",
			"CREATE DOMAIN "+g.name("e")+" AS "+g.kind()+" CHECK (VALUE IS NOT NULL)", "CREATE TYPE "+g.name("e")+" AS RANGE (subtype = float8)",
			"ALTER TYPE mood ADD VALUE IF NOT EXISTS 'x"+fmt.Sprint(g.IntN(3))+"' BEFORE 'ok'", "ALTER TYPE pair ADD ATTRIBUTE z "+g.kind(), "ALTER TYPE pair DROP ATTRIBUTE z",
			"ALTER TYPE mood RENAME VALUE 'x0' TO 'x1'", "ALTER DOMAIN positive ADD CHECK (VALUE < 1000)", "ALTER DOMAIN positive DROP CONSTRAINT positive_check1")
	case 13:
		kind := g.kind()
		g.scope = []column{{"a", kind}, {"b", "integer"}}
		return "CREATE OR REPLACE FUNCTION " + g.name("f") + "(a " + kind + ", b integer DEFAULT 1) RETURNS " + g.one("", "SETOF ") + kind + g.one(" IMMUTABLE", " STRICT", "") +
			" LANGUAGE sql AS $$ " + g.one("SELECT "+g.expr(kind, 3), g.query(kind)) + " $$"
	case 14:
		return g.one("CREATE SEQUENCE "+g.name("q")+" INCREMENT BY "+g.one("1", "-1", "9223372036854775807", "0"), "ALTER SEQUENCE "+g.name("q")+" RESTART WITH 9223372036854775807 CYCLE",
			"SELECT nextval('"+g.name("q")+"')", "DROP SEQUENCE "+g.name("q")+" CASCADE", "SELECT setval('"+g.name("q")+"', "+g.expr("bigint", 2)+")")
	case 15, 16:
		return "DROP " + g.one("TABLE "+g.name("t"), "VIEW "+g.name("v"), "MATERIALIZED VIEW "+g.name("m"), "STREAM "+g.name("s"), "TYPE "+g.name("e"), "INDEX "+g.name("i"),
			"FUNCTION "+g.name("f"), "SCHEMA other", "DOMAIN "+g.name("e")) + g.one("", " CASCADE", " RESTRICT")
	case 17:
		return g.one("CREATE SCHEMA IF NOT EXISTS other", "COMMENT ON TABLE "+g.target()+" IS 'x'", "COMMENT ON COLUMN "+g.target()+".c1 IS NULL", "GRANT SELECT ON "+g.target()+" TO PUBLIC",
			"REVOKE ALL ON "+g.target()+" FROM PUBLIC", "REINDEX TABLE "+g.target(), "ANALYZE "+g.target(), "VACUUM "+g.target(), "REFRESH MATERIALIZED VIEW "+g.name("m"))
	case 18:
		return "ALTER " + g.one("MATERIALIZED VIEW ", "VIEW ", "STREAM ", "TABLE ", "INDEX ", "SEQUENCE ") + g.target() + g.one(" RENAME TO ", " SET SCHEMA other --", " OWNER TO tributary --", " RENAME COLUMN c1 TO ") + g.one("c2", "t3")
	case 19:
		return "CREATE SINK " + g.name("k") + " TO TOPIC 'k' AS " + g.one("SELECT * FROM "+g.target(), g.query(""))
	case 20:
		return "SHOW " + g.one("CREATE TABLE ", "CREATE VIEW ", "COLUMNS FROM ") + g.target()
	}
	return "CREATE MATERIALIZED VIEW " + g.name("m") + " AS SELECT *" + g.from() + g.where()
}

// within is an expression over the columns that tables here have.
func (g *grammar) within(kind string) string {
	scope := g.scope
	g.scope = append(scope, column{"c0", kind}, column{"c1", "integer"}, column{"id", "integer"})
	defer func() { g.scope = scope }()
	return g.expr(kind, 2)
}

func (g *grammar) alteration() string {
	name := g.one(g.columnName(), g.columnName(), "a", "c", "id")
	switch g.IntN(9) {
	case 0:
		return "ADD COLUMN " + g.columnDefinition()
	case 1:
		return "DROP COLUMN " + g.maybe("IF EXISTS ") + name + g.maybe(" CASCADE")
	case 2:
		kind := g.kind()
		return "ALTER COLUMN " + name + " TYPE " + kind + g.maybe(" USING "+g.within(kind))
	case 3:
		return "ALTER COLUMN " + name + g.one(" SET NOT NULL", " DROP NOT NULL", " DROP DEFAULT", " SET DEFAULT "+g.constantly(g.kind()), " DROP EXPRESSION", " ADD GENERATED BY DEFAULT AS IDENTITY")
	case 4:
		return "ADD " + g.one("PRIMARY KEY (", "UNIQUE (", "CONSTRAINT u1 UNIQUE (") + name + ")"
	case 5:
		return "ADD CONSTRAINT k1 CHECK (" + g.within("boolean") + ")" + g.maybe(" NOT VALID")
	case 6:
		return "DROP CONSTRAINT " + g.one("k1", "u1", "t0_pkey") + g.maybe(" CASCADE")
	case 7:
		return "ADD FOREIGN KEY (" + name + ") REFERENCES " + g.target()
	}
	return "VALIDATE CONSTRAINT k1"
}
