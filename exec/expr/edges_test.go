package expr_test

import (
	"math/rand"
	"slices"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// edges are the values of each type that functions are called with; NULL is added.
var edges = map[sqltype.OID][]string{
	sqltype.Bool:    {"t", "f"},
	sqltype.Int2:    {"0", "1", "-1", "2", "7", "100", "-32768", "32767"},
	sqltype.Int4:    {"0", "1", "-1", "2", "-3", "10", "65", "1000", "-2147483648", "2147483647"},
	sqltype.Int8:    {"0", "1", "-1", "3", "-10", "4294967296", "3037000500", "-9223372036854775808", "9223372036854775807"},
	sqltype.OIDType: {"0", "1", "2147483648", "4294967295"},
	sqltype.Float4:  {"0", "-0", "1", "-1.5", "2.5", "0.1", "3.4e38", "1e-45", "1e10", "Infinity", "-Infinity", "NaN"},
	sqltype.Float8:  {"0", "-0", "1", "-1", "0.5", "2.5", "-3.5", "45", "1e300", "-1e300", "5e-324", "1e18", "123456.789", "Infinity", "-Infinity", "NaN"},
	sqltype.Numeric: {"0", "0.00", "1", "-1", "1.50", "2.5", "-2.5", "-0.001", "123456789.987654321", "99999999999999999999999999999999999999",
		"-170141183460469231731687303715884105729", "1e-20", "1e40", "9223372036854775807.5", "-32768.5", "NaN", "Infinity", "-Infinity"},
	sqltype.Text:    {"", "a", "A", "abc", "Hello World", "  pad  ", "ünïcödé", "日本語", "a,b,,c", "%a_", "'quo\\te\"", "x1 y2_z", "123", "abcabc", "b", "o", "\t", "select"},
	sqltype.Varchar: {"", "ab", "abcdef", "ünïcö  "},
	sqltype.BPChar:  {"", "ab", "ab  ", "abc", "ü  "},
	sqltype.Name:    {"", "name", "Name", "pg_catalog"},
	sqltype.Char:    {"", "a", "Z", "0"},
	sqltype.Bytea:   {`\x`, `\x00`, `\x6162`, `\xff00fe`, `\x616263646566`, `\x5c`, `\x25`, `\xc3bc`},
	sqltype.Date: {"2000-01-01", "1970-01-01", "2024-02-29", "2023-12-31", "1999-12-31", "0001-01-01 BC", "0044-03-15 BC", "2026-11-23",
		"5874897-12-31", "4713-11-24 BC", "infinity", "-infinity", "294276-12-31"},
	sqltype.Time: {"00:00:00", "12:34:56.789012", "23:59:59.999999", "24:00:00", "06:00"},
	sqltype.Timestamp: {"2000-01-01 00:00:00", "1970-01-01 00:00:00", "2024-02-29 12:34:56.789012", "2023-12-31 23:59:59.999999", "1999-12-31 23:59:59.5",
		"2024-03-31 02:30:00", "2024-10-27 02:30:00", "0001-01-01 00:00:00 BC", "4713-11-24 00:00:00 BC", "294276-12-31 23:59:59.999999", "infinity", "-infinity",
		"1900-01-31 08:09:10"},
	sqltype.Timestamptz: {"2000-01-01 00:00:00+00", "1970-01-01 00:00:00+00", "2024-02-29 12:34:56.789012+05", "2024-03-31 01:30:00+00", "2024-10-27 00:30:00+00",
		"2024-10-27 01:30:00+00", "0044-03-15 12:00:00+00 BC", "2026-07-23 06:07:08.9+00", "infinity", "-infinity", "1890-01-01 00:00:00+00"},
	sqltype.Interval: {"0", "1 day", "-1 day", "1 month", "1 year 2 months 3 days 04:05:06.789", "-1 year -2 months +3 days -04:05:06", "1 hour", "00:00:01.5", "30 days",
		"35 days 27:00:00", "100 years", "-00:00:00.000001", "2562047788:00:54.775807", "178956970 years 7 months", "15 minutes", "3 days"},
	sqltype.UUID: {"00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
	sqltype.Inet: {"0.0.0.0", "10.1.2.3", "10.1.2.3/8", "10.0.0.0/8", "10.1.0.0/17", "255.255.255.255", "192.168.1.1/0", "::", "::1", "::ffff:1.2.3.4", "2001:db8::1/32",
		"fe80::1:0:0:2/64", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::8000:0:0:0", "10.1.2.3/31"},
	sqltype.CIDR: {"10.0.0.0/8", "0.0.0.0/0", "192.168.1.0/25", "1.2.3.4/32", "::/0", "2001:db8::/32", "::1:0/120", "::1.2.3.0/121", "fe80::/10", "::ffff:1.2.3.4/128", "1:0:0:2::/64", "::/96", "1:8000::/17",
		"0:0:1:0:0:0:5:0/112", "10.128.0.0/9", "::0.0.1.0/120"},
	sqltype.Timetz:   {"00:00:00+00", "12:34:56.789012+02", "12:34:56.789012+03", "23:59:59.999999-11", "24:00:00+00", "06:00+05:30", "05:00+04:30", "10:00-15:59:59"},
	sqltype.Bit:      {"", "0", "1", "101", "1010", "10000000", "100000001", "111111110000000010101", "X0123456789abcdef", "X0123456789abcdef1", "11111111111111111111111111111111"},
	sqltype.Varbit:   {"", "1", "101", "1010", "100000001", "XFF00FF", "0000000000"},
	sqltype.Money:    {"0", "0.01", "-0.01", "1", "-1.5", "12.34", "1000000", "-123456789.01", "99999999999.99", "20.10", "110.20", "921.15", "1000000000000.01"},
	sqltype.MACAddr:  {"00:00:00:00:00:00", "08:00:2b:01:02:03", "ff:ff:ff:ff:ff:ff", "80:00:00:00:00:01"},
	sqltype.MACAddr8: {"00:00:00:00:00:00:00:00", "08:00:2b:01:02:03", "ff:ff:ff:ff:ff:ff:ff:ff", "80:00:00:00:00:00:00:01", "08:00:2b:ff:fe:01:02:03", "7f:00:00:ff:ff:00:00:00"},
	sqltype.JSON: {`{"a":1}`, `[1, "two", null]`, `"s"`, `null`, `1.50`, `{"b": {"c": [true]}, "a" : "x"}`, ` { "a" : {"x\u0041" : null , "y":[ ] } , "a":[1 , "q\n\"",{"z":null}]} `, ` "s" `,
		`{"a": "\ud83d\ud83d"}`, `{"a": 1, "b": "\ud83dX"}`, `["\udc00"]`, `{"\ud83d": 1}`, `{"a": "\u0000"}`, `"\ud83d\ude00"`},
	sqltype.JSONB: {`{}`, `[]`, `{"a": 1}`, `{"a": {"b": [1, 2, "x"]}, "c": null}`, `[1, "two", null, true, {"a": 1}]`, `"s"`, `"a\"b\u00fc"`, `null`, `true`, `false`,
		`1.50`, `-7`, `1e5`, `12345678901234567890`, `{"a": 1, "b": 2}`, `[1, 2]`, `[2, 1, 1]`, `{"1": "x"}`, `"a"`},
}

func init() {
	edges[sqltype.JSONPath] = []string{"$", "strict $.a", "$.a.b[*]", "$[*] ? (@ > 1)", "$.keyvalue()", "$.a == 1", "$.**.type()", "1 / 0", "$x", "$[last]", "$.datetime()"}
	edges[sqltype.LSN] = []string{"0/0", "0/1", "16/F", "FFFFFFFF/FFFFFFFF", "80000000/0", "7FFFFFFF/FFFFFFFF"}
	edges[sqltype.XID8] = []string{"0", "1", "42", "18446744073709551615", "9223372036854775808"}
	edges[sqltype.XID] = []string{"0", "1", "4294967295"}
	edges[sqltype.Snapshot] = []string{"12:13:", "12:20:13,15,18", "100001:100009:100005,100007,100008", "1:1:"}
	edges[sqltype.TxidSnapshot] = edges[sqltype.Snapshot]
	edges[sqltype.Point] = []string{"(0,0)", "(-0,1)", "(1,2)", "(-10,0)", "(-3,4)", "(5.1,34.5)", "(1e-300,-1e-300)", "(1e300,Infinity)", "(NaN,NaN)", "(Infinity,1e300)", "(10,10)", "(-5,-12)", "(0.0000009,0)"}
	edges[sqltype.Lseg] = []string{"[(1,2),(3,4)]", "[(0,0),(6,6)]", "[(10,-10),(-3,-4)]", "[(-1000000,200),(300000,-40)]", "[(11,22),(33,44)]", "[(-10,2),(-10,3)]", "[(0,-20),(30,-20)]", "[(NaN,1),(NaN,90)]", "[(1,1),(1,1)]"}
	edges[sqltype.Line] = []string{"{0,-1,5}", "{1,0,5}", "{0,3,0}", "{1,-1,0}", "{-0.4,-1,-6}", "{3,NaN,5}", "{NaN,NaN,NaN}", "{2,-2,4}", "{1,1,1}", "{1e-5,-1,0}"}
	edges[sqltype.Box] = []string{"(2,2),(0,0)", "(3,3),(1,1)", "(-2,2),(-8,-10)", "(2.5,3.5),(2.5,2.5)", "(3,3),(3,3)", "(1e300,1e300),(-1e300,0)", "(NaN,1),(0,0)", "(1,1),(0,0)", "(Infinity,1),(0,0)", "(1.0000005,1),(0,0)"}
	edges[sqltype.Path] = []string{"[(1,2),(3,4)]", "((1,2),(3,4))", "[(0,0),(3,0),(4,5),(1,6)]", "((0,0),(4,0),(4,4),(0,4))", "[(11,12),(13,14)]", "((10,20))", "[(1,1)]", "[(NaN,1),(2,2)]", "((1,2),(7,8),(5,6),(3,-4))"}
	edges[sqltype.Polygon] = []string{"((2,0),(2,4),(0,0))", "((3,1),(3,3),(1,0))", "((1,2),(3,4),(5,6),(7,8))", "((0,0))", "((0,1),(0,1))", "((0,0),(4,0),(4,4),(0,4))", "((1,1),(3,1),(3,3),(1,3))", "((4,4),(0,4),(0,0),(4,0))",
		"((0,0),(10,0),(10,10),(5,2),(0,10))", "((1,8),(5,4),(9,8))", "((NaN,0),(1,1),(2,0))", "((1e300,0),(0,1e300),(-1e300,0))"}
	edges[sqltype.Circle] = []string{"<(5,1),3>", "<(1,2),100>", "<(1,3),5>", "<(100,200),10>", "<(3,5),0>", "<(3,5),NaN>", "<(0,0),1e200>", "<(5,1),3.0000005>", "<(-1,-1),0.5>"}
	edges[sqltype.Box.Array()] = []string{"{}", "{(2,2),(0,0)}", "{(2,2),(0,0);(3,3),(1,1)}", "{NULL}"}
	argEdges["circle_poly"] = map[int][]string{0: {"2", "1", "0", "-1", "3", "12", "100"}}
	edges[sqltype.TSVector] = []string{"", "a", "a:1 b:2", "a:1A b:2B,3C c:4", "'quo''te' 'back\\\\slash':16383", "fat:2A,4 cat:3 rat:5B", "abc:1 abd:2 ab:3", "b:2", "a:1,2,3"}
	edges[sqltype.TSQuery] = []string{"", "a", "a & b", "a | !b", "!a", "a <-> b", "a <2> b", "(a | b) <-> c", "a:*", "a:AB", "!(a & b) | c", "ab:* & !abd", "fat & (cat | rat)", "a <-> !b", "'quo''te'", "a & a"}
	edges[sqltype.Regconfig] = []string{"simple", "english", "german"}
	edges[sqltype.Regdict] = []string{"simple", "english_stem", "french_stem"}
	edges[sqltype.Float4.Array()] = []string{"{0.1,0.2,0.4,1}", "{1,1,1,1}", "{-1,0.5,-1,0.9}", "{0.1}", "{}", "{2,0,0,0}", "{0,0,0,0,NULL}"}
	edges[sqltype.Char.Array()] = []string{"{}", "{a}", "{A,b}", "{NULL}", "{x}"}
	edges[sqltype.Int4.Array()] = []string{"{}", "{1}", "{1,2,3}", "{1,NULL,0}", "{{1,2},{10,65}}", "[3:4]={0,1}", "{2,1,1}", "{NULL}", "{{{1}}}", "[-1:0][2:2]={{-3},{1000}}", "{65}"}
	edges[sqltype.Text.Array()] = []string{"{}", "{a}", "{a,b,NULL}", `{"","a,b","quo\"te"}`, "{{a,b},{c,d}}", "[0:1]={abc,x}", "{1,two}", "{b,1}", "{c}", "{a,b,c}", "{a,-1}", "{NULL,a}", "{0}", "{{a,1},{b,NULL}}", "{{NULL,a}}"}
	edges[sqltype.Numeric.Array()] = []string{"{}", "{1.0,1.00}", "{1,2.5,NaN}", "{{0.00},{0}}", "{NULL}", "[2:2]={-1}"}
	edges[sqltype.Bool.Array()] = []string{"{}", "{t,f}", "{NULL,t}", "{{t}}"}
	edges[sqltype.Timestamp.Array()] = []string{"{}", `{"2000-01-01 00:00:00",infinity}`, "{NULL}", `{{"2024-02-29 12:34:56.789012"}}`}
	edges[sqltype.Int4Range] = []string{"empty", "[1,5)", "[5,10)", "(,3)", "[7,)", "(,)", "[2,3)", "[1,2147483647)", "[-2147483648,1)", "[3,8)", "[1,2)"}
	edges[sqltype.Int8Range] = []string{"empty", "[1,5)", "[5,10)", "(,3)", "[7,)", "[-9223372036854775808,9223372036854775807)"}
	edges[sqltype.NumRange] = []string{"empty", "[1.0,5]", "(1.00,5)", "[5,10.5)", "(5,10.5]", "(,1)", "(,1]", "[1,)", "(,)", "[1,1]", "[NaN,NaN]", "[2.5,Infinity)"}
	edges[sqltype.DateRange] = []string{"empty", "[2024-01-01,2024-02-01)", "[2024-02-01,2024-03-01)", "(,2024-01-15)", "[2024-01-10,infinity]", "[2024-01-10,infinity)", "[-infinity,2024-01-01)", "(-infinity,infinity)"}
	edges[sqltype.TsRange] = []string{"empty", "[2024-01-01,2024-02-01)", "[2024-02-01,2024-03-01]", "(2024-02-01 00:00:00,2024-03-01]", "(,2024-01-15 12:30]", "[2024-01-10,)"}
	edges[sqltype.TstzRange] = []string{"empty", "[2024-01-01 00:00+00,2024-02-01 00:00+00)", "[2024-02-01 00:00+00,2024-03-01 00:00+00]", "(,2024-01-15 00:00+02]"}
	edges[sqltype.Int4Multirange] = []string{"{}", "{[1,5)}", "{[1,3),[5,8),[10,20)}", "{(,3),[7,)}", "{(,)}", "{[3,5)}", "{[2,6),[19,30)}", "{[8,10)}", "{[20,21)}"}
	edges[sqltype.Int8Multirange] = []string{"{}", "{[1,3),[5,8)}", "{(,3),[7,)}", "{[2,6)}"}
	edges[sqltype.NumMultirange] = []string{"{}", "{[1.0,3],(5,8)}", "{(,3),(3,)}", "{[2,6)}", "{[3,3]}", "{(3,5],[8,9)}", "{[1,3.00],(5.0,8)}"}
	edges[sqltype.DateMultirange] = []string{"{}", "{[2024-01-01,2024-02-01),[2024-03-01,2024-04-01)}", "{[2024-01-15,2024-03-15)}", "{(,2024-01-01)}"}
	edges[sqltype.TsMultirange] = []string{"{}", "{[2024-01-01,2024-02-01),[2024-03-01,2024-04-01)}", "{[2024-01-15,2024-03-15]}"}
	edges[sqltype.TstzMultirange] = []string{"{}", "{[2024-01-01 00:00+00,2024-02-01 00:00+00)}"}
	for _, r := range rangeTypes {
		edges[r.Range.Array()] = []string{"{}", "{empty,NULL}", `{"(,)"}`, "{empty,empty}", `{{"(,)"}}`}
	}
	edges[sqltype.Int4Range.Array()] = append(edges[sqltype.Int4Range.Array()], `{"[5,8)","[1,3)"}`, `{"[1,3)","[3,8)",empty,"[1,2]"}`)
	for _, symbol := range []string{"range_constructor2", "range_constructor3"} {
		argEdges[symbol] = map[int][]string{2: {"[]", "[)", "(]", "()", "[", "", "{}"}}
	}
	jsonPaths := []string{"{}", "{a}", "{a,b}", "{a,b,0}", "{a,b,-1}", "{c}", "{zz}", "{0}", "{-1}", "{4,a}", "{9}", "{-9}", "{a,NULL}", "{NULL}", "{x}", "{{a,b}}", "{4,b}", "{a,b,x}", "{a,zz,b}"}
	for _, symbol := range []string{"jsonb_extract_path", "jsonb_extract_path_text", "jsonb_set", "jsonb_insert", "jsonb_delete_path", "jsonb_exists_any", "jsonb_exists_all", "jsonb_delete_array"} {
		argEdges[symbol] = map[int][]string{1: jsonPaths}
	}
	for _, symbol := range []string{"regexp_match", "regexp_match_no_flags", "regexp_split_to_array", "regexp_split_to_array_no_flags"} {
		argEdges[symbol] = map[int][]string{1: patterns, 2: {"", "g", "i", "n", "z"}}
	}
	for _, symbol := range []string{"json_object_field", "json_object_field_text"} {
		argEdges[symbol] = map[int][]string{1: {"a", "b", "zz", ""}}
	}
	for _, symbol := range []string{"json_array_element", "json_array_element_text"} {
		argEdges[symbol] = map[int][]string{1: {"0", "1", "2", "-1", "-3", "9", "-2147483648"}}
	}
	for _, symbol := range []string{"json_extract_path", "json_extract_path_text"} {
		argEdges[symbol] = map[int][]string{1: append([]string{"{b,c,0}", "{b,c}", "{0}", "{1}", "{2}"}, jsonPaths...)}
	}
	for _, symbol := range []string{"width_bucket_float8", "width_bucket_numeric"} {
		argEdges[symbol] = map[int][]string{0: {"0", "1", "5.35", "-3", "10", "NaN", "Infinity", "2.5"}, 1: {"0", "10", "-1.5", "Infinity", "2.5"}, 2: {"10", "0", "2.5", "NaN", "5.06"}, 3: {"1", "4", "0", "-1", "100", "2147483647"}}
	}
	starts, nths, flags, groups := []string{"1", "2", "3", "0", "-1", "100"}, []string{"1", "2", "0"}, []string{"", "i", "g", "z", "n"}, []string{"0", "1", "2", "-1"}
	for _, symbol := range []string{"regexp_count_no_flags", "regexp_count"} {
		argEdges[symbol] = map[int][]string{1: patterns, 2: starts, 3: flags}
	}
	for _, symbol := range []string{"regexp_instr_no_n", "regexp_instr_no_endoption", "regexp_instr_no_flags", "regexp_instr_no_subexpr", "regexp_instr"} {
		argEdges[symbol] = map[int][]string{1: patterns, 2: starts, 3: nths, 4: {"0", "1", "2"}, 5: flags, 6: groups}
	}
	for _, symbol := range []string{"regexp_substr_no_n", "regexp_substr_no_flags", "regexp_substr_no_subexpr", "regexp_substr"} {
		argEdges[symbol] = map[int][]string{1: patterns, 2: starts, 3: nths, 4: flags, 5: groups}
	}
	for _, symbol := range []string{"textregexreplace_extended_no_n", "textregexreplace_extended_no_flags", "textregexreplace_extended"} {
		argEdges[symbol] = map[int][]string{1: patterns, 2: {"<\\1\\&>", "X", ""}, 3: starts, 4: append([]string{"-2"}, nths...), 5: flags}
	}
	marks := map[int][]string{0: {"ünïcödé", "u\u0308n", "ﬁ½", "가각", "", "a\u0301\u0327", "日本語"}, 1: {"NFC", "nfd", "NFKC", "NFKD", "x", ""}}
	argEdges["unicode_normalize_func"], argEdges["unicode_is_normalized"] = marks, marks
	argEdges["unistr"] = map[int][]string{0: {`\0041`, `d\0061t\+000061`, `\u00fc\U0001F600`, `\D83D\DE00`, `\D83D`, `\DE00`, `\D83Dx`, `\\\\`, `\zz`, `\0000`, `\U00110000`, `plain ü`, `\D83D\\`, `\004`}}
	argEdges["parse_ident"] = map[int][]string{0: {`a.b`, `"Some Schema".someTable`, ` A . "b""c" `, `foo.1`, `foo.`, `.foo`, `"x`, `""`, `foo()`, `ÄB.c$1`, `a b`, ``, `1a`, `a..b`, `a.!`}}
	argEdges["jsonb_set_lax"] = map[int][]string{1: jsonPaths, 4: {"use_json_null", "delete_key", "return_target", "raise_exception", "other"}}
	written := map[int][]string{
		0: {"2024-02-29", "2024-02-30", "29 Feb 2024", "05 December 2000", "20240229123456", "2024-02-29 12:34:56.789", "12:34:56 PM", "13:00 am", "2024 060", "2024-W09-4", "97/Feb/16",
			"44-03-15 BC", "2024-02-29 12:34 +05:30", "2024-02-29 12:34-05", "2460370", "  2024  02  29 ", "2,024 IV 7", "99 1 1", "1 99", "20 01", "Thursday", "abc", "", "86399", "2024-13-01", "0-1-1",
			"15 \"text with quote\" 7", "20000-1131", "-44-02-01", "2024-366", "1st of 2nd 2024", "99999999999", "12 5 000025", "10.25", "+2024"},
		1: {"YYYY-MM-DD", "DD Mon YYYY", "DD MONTH YYYY", "YYYYMMDDHH24MISS", "YYYY-MM-DD HH24:MI:SS.MS", "HH12:MI:SS AM", "YYYY DDD", "IYYY-\"W\"IW-ID", "YY/Mon/DD", "YYYY-MM-DD BC",
			"YYYY-MM-DD HH24:MI TZH:TZM", "YYYY-MM-DD HH24:MITZH", "J", "FXYYYY MM DD", "Y,YYY RM FMDD", "YY MM DD", "CC YY", "Day", "SSSS", "YYYY-MM-DD IW", "DD \"text with quote\" MM", "YYYY-MMDD",
			"YYYY-DDD", "DDth of MMnd YYYY", "HH24 MI US", "SS.FF2", "WW YYYY", "W MM YYYY", "Q YYYY", "TZ", "y", "", "FMYYYY FMMM", "yyyy\\\"mm"},
	}
	argEdges["to_timestamp"], argEdges["to_date"], argEdges["float8_timestamptz"] = written, written, map[int][]string{}
	argEdges["numeric_to_number"] = map[int][]string{
		0: {"12454.8-", "1,234.56", "-34,338,492.654,878", "<564646.654564>", "0.00001-", "5.01-", " 12 ", "+7", "-0.5", "$1,234", "12th", "1.2.3", "abc", "", "  - 12", "12-", "1-2", "99999999", "é12", ".5", "5.", "12,3", "- 5", "0001"},
		1: numberFormats,
	}
	argEdges["text_to_array"] = map[int][]string{1: {",", "", "a", "ab", "zz", " "}}
	argEdges["text_to_array_null"] = map[int][]string{1: {",", "", "a", "ab", " "}, 2: {"", "a", "b", "abc"}}
	sizes := []string{"{}", "{2}", "{2,1}", "{0}", "{-1}", "{NULL}", "{{1,2}}", "{1,1,1,1,1,1,1}", "{3,0}", "[4:4]={2}"}
	for _, symbol := range []string{"array_fill", "array_fill_with_lower_bounds"} {
		argEdges[symbol] = map[int][]string{1: sizes, 2: append([]string{"{2147483647}"}, sizes...)}
	}
}

// argEdges replace the edges of arguments of a symbol, or of a name where there is no symbol.
var argEdges = map[string]map[int][]string{
	"bpchar":            {1: lengthMods},
	"varchar":           {1: lengthMods},
	"repeat":            {1: {"0", "-1", "3", "2147483647"}},
	"numeric":           {1: {"-1", "655366", "327687", "1310724"}},
	"timestamp_scale":   {1: precisions},
	"timestamptz_scale": {1: precisions},
	"time_scale":        {1: precisions},
	"interval_scale":    {0: append(shortIntervals, "1 year 2 months 3 days 04:05:06.789"), 1: {"-1", "2147418112", "2147418115", "589823", "327679", "470286338"}},
	// What PostgreSQL 15 overflows silently is left out: ours are errors.
	"bit": {1: lengthMods}, "varbit": {1: lengthMods}, "bitfromint4": {1: bitLengths}, "bitfromint8": {1: bitLengths},
	"bitsubstr": {1: places, 2: places}, "bitsubstr_no_len": {1: places}, "bitoverlay": {2: places, 3: places}, "bitoverlay_no_len": {2: places},
	"bitshiftleft": {1: places}, "bitshiftright": {1: places}, "bitgetbit": {1: places}, "bitsetbit": {1: places, 2: {"0", "1", "2"}},
	// What PostgreSQL 15 overflows silently, or rounds as no number, is left out: ours are errors.
	"cash_mul_flt4": {1: factors}, "cash_mul_flt8": {1: factors}, "flt4_mul_cash": {0: factors}, "flt8_mul_cash": {0: factors},
	"cash_div_flt4": {1: factors}, "cash_div_flt8": {1: factors},
	"cash_mul_int4": {1: smallInts}, "cash_mul_int8": {1: smallInts}, "int4_mul_cash": {0: smallInts}, "int8_mul_cash": {0: smallInts},
	"timetz_izone":       {0: {"0", "1 hour", "-05:30", "1 day", "1 month", "11:00:00.7"}},
	"timetz_pl_interval": {1: shortIntervals}, "timetz_mi_interval": {1: shortIntervals}, "interval_pl_timetz": {0: shortIntervals},
	"timetz_scale":     {1: precisions},
	"inet_set_masklen": {1: maskLengths}, "cidr_set_masklen": {1: maskLengths},
	"inetpl": {1: steps}, "inetmi_int8": {1: steps}, "int8pl_inet": {0: steps},
	"make_interval": {0: smallInts, 1: smallInts, 2: smallInts, 3: smallInts, 4: smallInts, 5: smallInts, 6: {"0", "1.5", "-0.0000005", "NaN", "Infinity", "1e12"}},
	"timestamp_age": {0: finiteTimes, 1: finiteTimes}, "timestamptz_age": {0: finiteTimes, 1: finiteTimes},
	"timestamp_mi":     {0: nearTimes, 1: nearTimes},
	"time_pl_interval": {1: shortIntervals}, "time_mi_interval": {1: shortIntervals}, "interval_pl_time": {0: shortIntervals},
}

func init() {
	for _, t := range []string{"timestamp", "timestamptz", "interval", "date", "time", "timetz"} {
		for _, symbol := range []string{"extract_" + t, t + "_part", t + "_trunc", t + "_trunc_zone"} {
			argEdges[symbol] = map[int][]string{0: unitNames, 2: zoneNames}
		}
		argEdges[t+"_to_char"] = map[int][]string{1: timeFormats}
		argEdges["interval_to_char"] = map[int][]string{0: {"0", "1 day", "-1 day", "1 month", "-11 months", "1 year 2 months 3 days 04:05:06.789", "-1 year -2 months +3 days -04:05:06", "12 years", "-3 years",
			"00:00:01.5", "-00:00:00.000001", "35 days 27:00:00", "100 years", "2562047788:00:54.775807", "-2000 years", "400 days"}, 1: append([]string{"HH24:MI:SS.US", "FMHH12 AM", "FMDDD DD", "YYYY YYY YY Y", "Y,YYY", "MM Q CC", "rm FMRM", "J", "WW W", "FF1 FF4 MS", "SSSS", "HH24th", "BC", "TZ", "a.m.", "FMYY FMMI", "IYYY IW IDDD I"}, timeFormats...)}
		argEdges[t+"_zone"] = map[int][]string{0: zoneNames}
	}
	for _, symbol := range []string{"textregexeq", "textregexne", "texticregexeq", "nameregexeq", "textregexsubstr", "textregexreplace", "textregexreplace_noopt",
		"regexp_like", "regexp_like_no_flags", "regexp_count_no_start", "regexp_substr_no_start", "regexp_instr_no_start"} {
		argEdges[symbol] = map[int][]string{1: patterns, 2: {"<\\1\\&>", "X", "", "\\\\", "\\q"}, 3: {"", "g", "i", "gi", "n", "z", "1"}}
	}
	argEdges["regexp_like"][2] = []string{"", "i", "g", "q", "y"}
	for _, symbol := range []string{"similar_to_escape_1", "similar_to_escape_2"} {
		argEdges[symbol] = map[int][]string{0: {"a%_(b|c)*", "x.y^$", "[a-c%]+", "#%a#\"b#\"c", "\\%", "ü_"}, 1: {"#", "", "\\", "ab", "%"}}
	}
	for _, t := range []string{"jsonb_object_field", "jsonb_object_field_text", "jsonb_exists", "jsonb_delete"} {
		argEdges[t] = map[int][]string{1: {"a", "b", "1", "two", "s", "zz", ""}}
	}
	for _, t := range []string{"jsonb_array_element", "jsonb_array_element_text", "jsonb_delete_idx"} {
		argEdges[t] = map[int][]string{1: {"0", "1", "2", "-1", "-3", "9", "2147483647", "-2147483648"}}
	}
	for _, t := range []string{"numeric", "int4", "int8", "float4", "float8"} {
		argEdges[t+"_to_char"] = map[int][]string{1: numberFormats}
	}
	argEdges["timetz_zone"] = map[int][]string{0: {"UTC", "est", "UTC+3", "Nowhere/City"}} // of others PostgreSQL asks the clock
	argEdges["timestamp_izone"] = map[int][]string{0: {"0", "1 hour", "-05:30", "1 day", "1 month"}}
	argEdges["timestamptz_izone"] = argEdges["timestamp_izone"]
	parts := map[int][]string{0: {"2024", "1", "-44", "0", "294277"}, 1: {"1", "2", "12", "13", "0"}, 2: {"1", "29", "31", "32", "0"}, 3: {"0", "23", "24", "-1"},
		4: {"0", "59", "60"}, 5: {"0", "1.5", "59.9999999", "60", "61", "NaN"}, 6: zoneNames}
	argEdges["make_date"], argEdges["make_timestamp"], argEdges["make_timestamptz"], argEdges["make_timestamptz_at_timezone"] = parts, parts, parts, parts
	argEdges["make_time"] = map[int][]string{0: parts[3], 1: parts[4], 2: parts[5]}
}

// patterns are regular expressions, valid and not.
var patterns = []string{"a", "^a", "b$", "a.c", "[[:alpha:]]+", "[^a-c]", "(a)(b)?", "(x|ab)", "\\d+", "\\s", "a{2}", "a{,2}", "b*", "", "(", ")", "[a", "*a", "a**",
	"\\m", "(?i)ABC", "***=a.c", "a|", "ü", "[[:foo:]]", "a{1,300}", "(a+)\\1", "l+?", "\\w+", "o W", "\\", "(\\w)\\1", "a(?=b)", "(?<=a)b|^", "^(\\w+?)(c*)$", "(a*?)(b?)", "\\yb", "(?!a)\\w", "\\1"}

var numberFormats = []string{"999", "9999.99", "0000", "0999.990", "FM999.99", "FM0.99", "FM9990.00", "999,999", "9G999D99", "S999", "999S", "S0.0", "999MI", "FM999MI",
	"PL999", "SG999", "999PR", "FM999PR", "9.9", "FM9.9", "99th", "99TH", "L999", "\"x\"99\\\"", "9 9 9", "FM9,999,999.0", ".99", "0.99", "", "999.", "9.9.9", "SMI", "09.9",
	"FMS999.9", "FM99999999999999999999D9999"}

var (
	unitNames = []string{"microseconds", "milliseconds", "second", "minute", "hour", "day", "week", "month", "quarter", "year", "decade", "century",
		"millennium", "dow", "doy", "isodow", "isoyear", "epoch", "julian", "timezone", "timezone_hour", "Day", "nonsense"}
	zoneNames   = []string{"UTC", "America/New_York", "Asia/Kolkata", "est", "UTC+3", "Nowhere/City"}
	timeFormats = []string{"YYYY-MM-DD HH24:MI:SS", "Dy, DD Mon YYYY HH12:MI AM", "FMDay FMDDth FMMonth", "IYYY-IW ID", "Q DDD J", "US MS SSSS", "\"quoted\" YY", "RM", "TZ OF", "", "of tzh tzm"}
)

var (
	maskLengths    = []string{"-2", "-1", "0", "1", "8", "24", "32", "33", "64", "127", "128", "129"}
	steps          = []string{"0", "1", "-1", "255", "256", "-65536", "4294967295", "-4294967296", "9223372036854775807", "-9223372036854775808"}
	bitLengths     = []string{"-1", "0", "1", "3", "8", "9", "31", "32", "33", "64", "65", "200"}
	places         = []string{"0", "1", "-1", "2", "3", "8", "9", "17", "-7", "64", "2147483647", "-2147483648"}
	factors        = []string{"0", "1", "-1.5", "0.333", "2", "0.5", "100"}
	precisions     = []string{"-1", "0", "3", "6"}
	smallInts      = []string{"0", "1", "-1", "13", "1000", "-300"}
	finiteTimes    = []string{"2000-01-01 00:00", "2024-02-29 12:34:56.789", "2023-01-31", "1999-12-31 23:59:59.5", "0044-03-15 BC", "2024-10-27 02:30"}
	nearTimes      = append(finiteTimes, "infinity", "-infinity")
	shortIntervals = []string{"0", "1 day", "04:05:06.789", "-23:59:59", "35 days 27:00:00", "1 month -1 hour"}
)

// lengthMods are modifiers of varchar and char: none, and lengths 1, 3 and 6.
var lengthMods = []string{"-1", "5", "7", "10"}

// skipped are symbols that PostgreSQL answers from its own state or that cannot be called so.
var skipped = map[string]bool{
	"now": true, "statement_timestamp": true, "time_timetz": true, "row_to_json": true,
	"pgsql_version": true, "current_user": true, "session_user": true, "current_database": true, "current_schema": true, "pg_backend_pid": true, "current_schemas": true, "pg_get_serial_sequence": true,
	// What PostgreSQL's type and signature grammar says of text that is none is not said in its words.
	"to_regtype": true, "to_regprocedure": true, "to_regoperator": true, "has_type_privilege_name": true, "has_type_privilege_name_name": true, "has_type_privilege_id_name": true,
	"has_function_privilege_name": true, "has_function_privilege_name_name": true, "has_function_privilege_id_name": true,
	// They tell of what is there, which is not the same here.
	"pg_stat_get_tuples_inserted": true, "pg_stat_get_tuples_updated": true, "pg_stat_get_tuples_deleted": true, "pg_stat_get_live_tuples": true, "pg_stat_get_dead_tuples": true,
	"show_config_by_name": true, "show_config_by_name_missing_ok": true, "pg_tablespace_location": true, "acldefault_sql": true,
}

// skippedOIDs are those without a symbol: age of one timestamp, whose answer depends on the day.
var skippedOIDs = map[uint32]bool{1386: true, 2059: true}

// anyTypes stand for the arguments of polymorphic functions.
var anyTypes = []sqltype.OID{sqltype.Int4, sqltype.Text, sqltype.Numeric, sqltype.Bool, sqltype.Timestamp, sqltype.Text.Array()}

// rangeTypes stand for the arguments of functions of ranges.
var rangeTypes = func() (types []*sqltype.RangeType) {
	for _, t := range []sqltype.OID{sqltype.Int4Range, sqltype.NumRange, sqltype.DateRange, sqltype.TsRange, sqltype.TstzRange, sqltype.Int8Range} {
		types = append(types, sqltype.RangeOf(t))
	}
	return types
}()

func ofRanges(t sqltype.OID) bool { return t == sqltype.AnyRange || t == sqltype.AnyMultirange }

// rangeCases are the calls of a function of ranges, for each type of them.
func rangeCases(f *builtin.Func, rng *rand.Rand) (out []*differential) {
	for _, r := range rangeTypes {
		stand := func(t sqltype.OID) sqltype.OID {
			switch t {
			case sqltype.AnyRange:
				return r.Range
			case sqltype.AnyMultirange:
				return r.Multi
			case sqltype.AnyElement:
				return r.Elem
			}
			return t
		}
		d := &differential{f: f, ret: stand(f.Ret)}
		for _, a := range f.Args {
			d.args = append(d.args, stand(a))
		}
		out = append(out, fill(d, rng, 2**maxRowsPerFunction))
	}
	return out
}

func polymorphic(t sqltype.OID) bool {
	return t == sqltype.Any || t == sqltype.AnyElement || t == 2776 || t == 5077 || t == 5079 || ofArrays(t)
}

// ofArrays are anyarray and anycompatiblearray.
func ofArrays(t sqltype.OID) bool { return t == sqltype.AnyArray || t == 5078 }

// cases are the calls of f: one for functions of real types, several for polymorphic ones.
func cases(f *builtin.Func, rng *rand.Rand) []*differential {
	if slices.ContainsFunc(f.Args, ofRanges) {
		return rangeCases(f, rng)
	}
	arrays := slices.ContainsFunc(f.Args, ofArrays)
	if !slices.ContainsFunc(f.Args, polymorphic) {
		return []*differential{fill(&differential{f: f, args: f.Args, ret: f.Ret}, rng, *maxRowsPerFunction)}
	}
	var out []*differential
	for _, t := range anyTypes {
		d := &differential{f: f, ret: f.Ret}
		if t.Elem() != sqltype.Invalid && (arrays || !slices.Contains(f.Args, sqltype.Any)) {
			continue
		}
		for _, a := range f.Args {
			if ofArrays(a) {
				a = t.Array()
			} else if polymorphic(a) {
				a = t
			}
			d.args = append(d.args, a)
		}
		if f.Variadic && f.Args[len(f.Args)-1] == sqltype.Any {
			d.args = append(d.args, sqltype.Text, sqltype.Int8)
		}
		if ofArrays(f.Ret) {
			d.ret = t.Array()
		} else if polymorphic(f.Ret) {
			d.ret = t
		}
		limit := *maxRowsPerFunction / 4
		if arrays {
			limit = *maxRowsPerFunction
		}
		out = append(out, fill(d, rng, limit))
	}
	return out
}

// fill makes every combination of edges, or a random choice of limit of them.
func fill(d *differential, rng *rand.Rand, limit int) *differential {
	values := make([][]*string, len(d.args))
	total := 1
	for i, t := range d.args {
		list := edges[t]
		special, ok := argEdges[d.f.Symbol]
		if !ok {
			special = argEdges[d.f.Name]
		}
		if special[i] != nil {
			list = special[i]
		}
		if d.f.Name == "overlaps" && t == sqltype.Interval {
			list = shortIntervals // a time and a long one wrap around in PostgreSQL
		}
		for k := range list {
			values[i] = append(values[i], &list[k])
		}
		values[i] = append(values[i], nil)
		if total < 1<<20 {
			total *= len(values[i])
		}
	}
	n := min(total, limit)
	for k := range n {
		if total > limit {
			k = -1
		}
		row := make([]*string, len(values))
		for i, list := range values {
			if k >= 0 {
				row[i] = list[k%len(list)]
				k /= len(list)
				continue
			}
			// NULL is the last edge and rarely interesting.
			if row[i] = list[rng.Intn(len(list))]; row[i] == nil {
				row[i] = list[rng.Intn(len(list))]
			}
		}
		d.rows = append(d.rows, row)
	}
	return d
}
