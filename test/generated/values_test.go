package generated

import "strings"

// values are literals of each type that statements are made of: ordinary ones, and those at the ends.
var values = map[string][]string{
	"boolean":                     {"true", "false"},
	"smallint":                    {"0", "-1", "32767", "-32768"},
	"integer":                     {"0", "1", "2", "-1", "7", "100", "2147483647", "-2147483648"},
	"bigint":                      {"0", "1", "-1", "9223372036854775807", "-9223372036854775808"},
	"numeric":                     {"0", "0.5", "-1.25", "NaN", "Infinity", "1e1000", "1e-1000", "123456789012345678901234567890.123"},
	"real":                        {"0", "-0", "1.5", "NaN", "Infinity", "3.4e38", "1e-45"},
	"double precision":            {"0", "-0", "0.1", "NaN", "-Infinity", "1e308", "5e-324"},
	"text":                        {"", "a", "ab", "%a_", "\\", "{", "(a|b)*c\\1", "[", "äöü€😀", "YYYY-MM-DD HH24:MI:SS.US TZ", "9,999.99PR", "1", "$.a[*] ? (@.b > 1)", "public.t1", "x y & z", "2024-02-29", strings.Repeat("ab", 3000)},
	"character varying":           {"", "a", "xyz"},
	"character(5)":                {"", "ab", "abcde"},
	"name":                        {"t1", "a", "pg_class"},
	"bytea":                       {"", "\\x00ff", "\\xdeadbeef"},
	"date":                        {"2024-02-29", "infinity", "-infinity", "4713-01-01 BC", "5874897-12-31", "1970-01-01"},
	"time without time zone":      {"00:00", "24:00", "23:59:59.999999"},
	"time with time zone":         {"00:00+15:59", "24:00-15:59", "12:00+02"},
	"timestamp without time zone": {"2024-02-29 12:00", "infinity", "-infinity", "4713-01-01 00:00 BC", "294276-12-31 23:59:59.999999", "2024-01-01"},
	"timestamp with time zone":    {"2024-02-29 12:00+00", "infinity", "-infinity", "4714-11-24 00:00+00 BC", "294276-12-31 23:59:59.999999+00"},
	"interval":                    {"0", "1 day", "-1 month", "178000000 years", "-2147483648 days", "2147483647 months", "1 second", "00:00:00.000001"},
	"uuid":                        {"00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"},
	"json":                        {"null", "{}", `{"a":[1,2,{"b":null}]}`, "1e400", `"\u0041"`},
	"jsonb":                       {"null", "{}", "[]", `{"a":[1,2,{"b":null}],"c":"x"}`, "[[],[1,[2]]]", "1e400", `"x"`},
	"jsonpath":                    {"$", "$.a[*]", "strict $.a ? (@ > 1)", "$.**", "$.a[last]", `$ ? (@.b like_regex "(")`},
	"integer[]":                   {"{}", "{1,2,NULL}", "{{1,2},{3,4}}", "[-2147483648:-2147483647]={1,2}", "[2147483646:2147483647]={1,2}", "[0:1][5:5]={{1},{2}}"},
	"text[]":                      {"{}", "{a,NULL,\"\"}", "{{a},{b}}", "[-1:0]={x,y}"},
	"jsonb[]":                     {"{}", `{"{}",NULL}`},
	"int4range":                   {"empty", "(,)", "[1,5)", "[2147483647,)", "(,-2147483648]"},
	"numrange":                    {"empty", "(,)", "[0,NaN)", "[-Infinity,Infinity]", "(1,2]"},
	"tsrange":                     {"empty", "(,)", "[2024-01-01,infinity)"},
	"int4multirange":              {"{}", "{[1,3),[5,)}", "{(,)}"},
	"inet":                        {"0.0.0.0/0", "255.255.255.255", "::/0", "10.1.2.3/8", "::ffff:1.2.3.4"},
	"cidr":                        {"10.0.0.0/8", "::/0"},
	"macaddr":                     {"00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"},
	"money":                       {"0", "-92233720368547758.08", "92233720368547758.07"},
	"bit varying":                 {"", "1", "0110101"},
	"bit(3)":                      {"000", "101"},
	"oid":                         {"0", "1259", "4294967295"},
	"regclass":                    {"t1", "0", "4294967295"},
	"regtype":                     {"integer", "0"},
	"\"char\"":                    {"a", "", "\\377"},
	"mood":                        {"sad", "happy"},
	"pair":                        {"(1,a)", "(,)"},
	"positive":                    {"1", "2147483647"},
	"mood[]":                      {"{sad,ok}", "{}"},
	"pair[]":                      {`{"(1,a)",NULL}`, "{}"},
}

// kinds are the types of values, in one order for one seed.
var kinds = sorted(values)

// value is a literal of a type, NULL now and then, and anything where the type is not one of kinds.
func (g *grammar) value(kind string) string {
	list := values[kind]
	if len(list) == 0 || g.IntN(8) == 0 {
		return "NULL::" + kind
	}
	v := list[g.IntN(len(list))]
	if g.IntN(60) == 0 {
		v = "garbage"
	}
	if kind == "integer" && g.IntN(2) == 0 && v[0] != 'g' {
		return "(" + v + ")"
	}
	return "'" + strings.ReplaceAll(v, "'", "''") + "'::" + kind
}
