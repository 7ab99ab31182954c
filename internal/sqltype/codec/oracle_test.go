package codec_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
	"github.com/tributary-db/tributary/test/pgoracle"
)

var newYork, _ = time.LoadLocation("America/New_York")

// inputs are texts for each type, valid and not.
var inputs = map[string][]string{
	"boolean":                        {"t", "f", "true", "TRUE", "yes", "y", "n", "no", "on", "of", "off", "o", "1", "0", " tru ", "2", "", " ", "truee", "nope", "10"},
	"smallint":                       {"0", "1", "-1", "+5", " 7 ", "32767", "-32768", "32768", "-32769", "", "x", "1x", "1 2", "1.5", "99999999999", "99999x", "-", "+", "- 1", "\t3\n", "000012"},
	"integer":                        {"0", "2147483647", "-2147483648", "2147483648", "-2147483649", "99999999999", "x", "", "0x10", "1e3", "1_000", " 42", "42 "},
	"bigint":                         {"0", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "-9223372036854775809", "1 ", "abc", "--1", "92233720368547758070"},
	"oid":                            {"0", "1", "4294967295", "4294967296", "-1", "x", "", "12 ", "-2147483648", "-2147483649"},
	"real":                           {"0", "-0", "1", "1.5", "3.14159265358979", "1e10", "123456", "1234567", "0.0001", "0.00001", "1e-45", "1e-46", "3.4e38", "3.5e38", "NaN", "inf", "-infinity", "x", "", "1e", "16777216", "33554432", "8388608.5", "1_0", "+Infinity", "9.5e-7", "100000", "999999", "1000000"},
	"double precision":               {"0", "-0", "1", "0.1", "0.3", "1e15", "1e14", "123456789012345", "1234567890123456", "1e23", "9007199254740993", "9007199254740992", "5e-324", "4.9e-324", "1e-324", "1.7976931348623157e308", "1e309", "-1e309", "NaN", "nan", "Infinity", "-inf", " 1.5 ", "1.5x", "", " ", ".", ".5", "5.", "1e+5", "1e400", "0x1p3", "0x10", "0x", "1_000", "infinit", "2.2250738585072014e-308", "0.0001", "0.00001", "72057594037927936", "144115188075855872", "1e22", "3e22", "1.1e22", "4611686018427387904", "9223372036854775808", "n", "i"},
	"numeric":                        {"0", "0.00", "-0", "-0.0", "1", "1.50", "  12.5  ", "1e3", "1e-3", "1.5e2", "1.5E+2", "12345678901234567890123456789012345678901234567890.123", "NaN", "nan", "Infinity", "inf", "-inf", "+Infinity", "infinit", "", ".", ".5", "5.", "-.5", "1e", "1e5x", "1x", "- 1", "0x10", "1_0", "1e131071", "1e131072", "1e-16383", "1e-16384", "0e-16383", "0e131072", "170141183460469231731687303715884105727", "170141183460469231731687303715884105728", "-170141183460469231731687303715884105728", "-170141183460469231731687303715884105729", "00000012.300", "1e9999999999", "99999999.99999999", "10000", "0.0001", "0.00010000", "123456789.987654321", "100000000000000000000"},
	"numeric(5,2)":                   {"1", "123.456", "999.994", "999.995", "-999.99", "1000", "NaN", "Infinity", "0.001", "0.005", "-0.005", "-0.004"},
	"numeric(3,5)":                   {"0.001", "0.00999", "0.01", "0.009996"},
	"numeric(3,-2)":                  {"12345", "99949", "99950", "49", "50", "0"},
	"text":                           {"", "a", "héllo", "a'b\"c\\", "日本語"},
	"character varying(3)":           {"", "abc", "abcd", "abc   ", "héé", "hééé", "ab c"},
	"character(3)":                   {"", "a", "abc", "abcd", "abc  ", "é"},
	"name":                           {"", "abc", strings.Repeat("x", 70), strings.Repeat("é", 40)},
	`"char"`:                         {"", "a", "ab", `\101`},
	"bytea":                          {"", "abc", `\x`, `\x00ff`, `\xABcd`, `\x0`, `\xzz`, `\x 00 01`, `\x0 1`, `a\\b`, `a\001b`, `\9`, `a\`, `\400`, "é", `\xé0`},
	"uuid":                           {"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}", "a0eebc999c0b4ef8bb6d6bb9bd380a11", "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11", "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}", "", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11x", "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11 ", "a-0eebc999c0b4ef8bb6d6bb9bd380a11"},
	"inet":                           {"10.1.2.3", "10.1.2.3/8", "10.1.2.3/32", "10.1.2/24", "10.1.2", "10/8", "10/7", "10/9", "10.1/8", "10.", "10.1.2.3.", "10.1.2.3.4", "256.1.1.1", "1.2.3.4/33", "1.2.3.4/", "1.2.3.4/a", "1.2.3.4 ", " 1.2.3.4", "", "/8", "010.001.002.003", "1.2.3.4/08", "0x0a", "::", "::1", "::/0", "1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8/128", "1:2:3:4:5:6:7:8/129", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1::2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8::", "1::2::3", ":::", ":1", "1:", "::ffff:1.2.3.4", "::1.2.3.4/96", "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3", "::1.2.3.04", "::1.2.3.256", "::1.2.3.4:5", "1.2.3.4::", "12345::", "g::", "ABCD:ef01::/20", "::1/08", "::1/0", "::1/", "fe80::1%eth0", "0:0:0:1:0:0:0:0", "1:0:0:2:0:0:0:3", "::1:2", "::0.0.0.1", "::1.0.0.0", "::2:0.0.0.1", "::ffff:0:0", "::/96", "1.2.3.4.5/8", "1.2.3.4/8/8", "1::/8x", "::00001", "10./8", "10.x", "1..2.3", "::1..2", "::.1", "::1./96", "::1.", "::1.2/96", "::1.2.3.4./96", "::1.2.3.4.", "1:2.3::", "1.2.3.4/032"},
	"cidr":                           {"225", "224.0", "239.1", "10./8", "10", "10.1", "10.1.2", "10.1.2.3", "10.0.0.0/8", "10.1.0.0/8", "10/8", "10/7", "128", "128.1", "192", "192.1", "224", "240", "224.1", "10/20", "10.1.2.3/32", "10.1.2.3/31", "1.2.3.4.5", "0x0a", "0x0a01", "0xa", "0x0a01020304", "0x0a/8", "0x0a000000/8", "0x", "0xg", "0X80", "", "::", "::1", "::1/127", "2001:db8::/32", "2001:db8::1/32", "::ffff:1.2.3.4", "::/0", "1:2::/32", "1.2.3.4/33", "10.", "x"},
	"time with time zone":            {"10:20+02", "10:20:30.5-08:30", "10:20:30 UTC", "24:00:00+00", "24:00:01+00", "10:20Z", "10:20 PM EST", "00:00+15:59:59", "00:00+16", "00:00-15:59", "2024-07-01 10:20 America/New_York", "2024-01-01 10:20 America/New_York", "10:20 America/New_York", "10:20 Asia/Kolkata", "10:20 Etc/GMT+5", "allballs", "T10:20+02", "102030+02", "102030-0830", "10:20", "", "x", "10:20:30+02:30:15", "2024-07-01 10:20", "10:20:60+00", "040506.789+08", "040506+08", "04:05 am -08", "infinity"},
	"time(3) with time zone":         {"10:20:30.12345+02", "23:59:59.9999+00"},
	"bit(3)":                         {"101", "10", "1010", "b101", "xF", "B01x", "1é1", "12 ", ""},
	"bit varying":                    {"", "1", "101", "b101", "B101", "x1F", "XaB", "xg", "2", "b", "x", "0101010101010101010101", "1é"},
	"bit varying(5)":                 {"", "10101", "101010", "x1", "x12"},
	"money":                          {"0", "12.34", "$12.34", "-12.34", "($12.34)", "12.345", "12.344", "12.3", "1,234.56", "$ 1,23,4.5", "-$12", "$-12", "12.34-", "12.34 $", "+5", "5+", "", " ", "$", "x", "12.34x", "1.2.3", "92233720368547758.07", "92233720368547758.08", "-92233720368547758.08", "-92233720368547758.09", "92233720368547758.075", "99999999999999999999", "0.005", "0.004", "-0.005", ".5", "12.34)", "(12", "1e5", "12 34"},
	"int4range":                      {"[1,5)", "(1,5]", "[1,1]", "[1,1)", "(1,2)", "empty", " EMPTY ", "emptyx", "[,]", "(,5)", "[5,1]", "[1,2,3]", "1,2", "[1", "[1,", "[1,2", "[1,2)x", " [ 1 , 2 ] ", "[\"1\",2]", "[1\\2,30]", "[a,2]", "[2147483647,2147483647]", "(2147483647,)", "[\"\",5)", "", "[1)", "[\"1,2]", "[1,\"2\"\"\"]", "(-2147483648,0)"},
	"int8range":                      {"[1,5]", "[9223372036854775807,]", "(9223372036854775807,]", "[1,9223372036854775807]"},
	"numrange":                       {"[1.50,2.5]", "(1,1)", "[1.0,1.00]", "[NaN,NaN]", "[-Infinity,Infinity]", "(,0.00]", "[1e40,99999999999999999999999999999999999999999999999999.5)", "[2,1]"},
	"daterange":                      {"[2024-01-01,2024-02-29]", "(2024-01-01,2024-01-02)", "[-infinity,infinity]", "(infinity,)", "[5874897-12-31,]", "[2024-01-01,5874897-12-31]", "[x,]"},
	"tsrange":                        {"[2024-01-01,2024-02-29 12:00]", "(2024-01-01 00:00,2024-01-01)", "[-infinity,infinity)", "(,)", "[\"2024-01-01 10:00:00\",)"},
	"tstzrange":                      {"[2024-01-01+00,2024-02-29 12:00+03]", "[2024-01-01 10:00+02,2024-01-01 08:00+00]"},
	"int4multirange":                 {"{}", "{[1,3),[5,8)}", "{[5,8),[1,3)}", "{[1,3),[3,8)}", "{[1,3),[2,8)}", "{empty}", "{empty,[1,2)}", "{ [1,3) , empty }", "{[1,3)", "{[1,3),}", "{,}", "{x}", "[1,3)", "", "{[1,3)}x", "{[1,3)x}", "{[1,2,3]}", "{(,5),[3,)}", "{[\"1\",\"3\")}", "{[1\\,3)}", "{[\"1)\",3)}", "{[3,1)}", "{\"[1,3)\"}", "{emptyx}"},
	"nummultirange":                  {"{[1.5,2],(2,3.00)}", "{(1,2),(2,3)}", "{[1,1.0],[1.00,1]}"},
	"datemultirange":                 {"{[2024-01-01,2024-01-05],[2024-01-06,2024-01-09)}"},
	"tsmultirange":                   {"{[2024-01-01,2024-02-01),[\"2024-02-01 00:00:00\",infinity]}"},
	"tstzmultirange":                 {"{[2024-01-01+00,2024-02-01+00)}"},
	"int8multirange":                 {"{[1,3),[3,8)}"},
	"int4range[]":                    {"{\"[1,5)\",empty,NULL}"},
	"macaddr":                        {"08:00:2b:01:02:03", "8:0:2b:1:2:3", "08-00-2b-01-02-03", "08002b:010203", "08002b-010203", "0800.2b01.0203", "0800-2b01-0203", "08002b010203", "08:00:2B:01:02:03 ", " 08:00:2b:01:02:03", "08 : 00", "08:00:2b:01:02", "08:00:2b:01:02:03:04", "100:0:0:0:0:0", "-1:0:0:0:0:0", "0x8:0x0:0:0:0:0", "08:00:2b:01:02:0g", "", "08:00-2b:01:02:03", "not even close", "1 2 3 4 5 6", "1:2:3:4:5: 6", "08002b01020304", "0x010203040506", "+8:0:0:0:0:0", "100000001:0:0:0:0:0", "ffffffffffffffffff:0:0:0:0:0", "1:2:3:4:5:6x", "1:2:3:4:5:6 x", "-10-0-0-0-0-0"},
	"macaddr8":                       {"08:00:2b:01:02:03", "08:00:2b:01:02:03:04:05", "08002b0102030405", "08002b010203", "08-00-2b-01-02-03-04-05", "0800.2b01.0203.0405", "08002b:0102030405", " 08:00:2b:01:02:03 ", "08:00:2b:01:02:03:04:05  ", "08:00:2b:01:02:03:04", "08:00:2b:01:02:03:04:05:06", "08:00-2b:01:02:03", "8:0:2b:1:2:3", "08:00:2b:01:02:03x", "08:00:2b:01:02:03 x", "", "zz:00:2b:01:02:03", "08:00:2b:01:02:0", "ff:ff:ff:ff:ff:ff:ff:ff", "08:00:2b:01:02:03 :04:05"},
	"inet[]":                         {"{10.0.0.1/8,NULL,::1}", "{x}"},
	"date":                           {"2024-02-29", "2023-02-29", "1999-01-08", "January 8, 1999", "1/8/1999", "1/18/1999", "01/02/03", "18/1/1999", "1999-Jan-08", "Jan-08-1999", "08-Jan-1999", "99-Jan-08", "08-Jan-99", "Jan-08-99", "19990108", "990108", "1999.008", "J2451187", "January 8, 99 BC", "0001-01-01", "0000-01-01", "0001-01-01 BC", "4714-11-24 BC", "4713-01-01 BC", "4714-11-23 BC", "5874897-12-31", "5874898-01-01", "infinity", "-infinity", "epoch", "", "x", "2024", "2024-13-01", "2024-00-10", "2024-01-32", "2024-01-01 10:20:30", "Mon Jan 08 1999", "8 Jan 1999", "1999 Jan 08", "Jan 8 1999", "2024-1-5", "2024/01/05", "2024.01.05", "99-01-08", "1999-01-08T00:00", "20240230", "12-31-2020", "2020-02-30", "July 4 1776", "4-Jul-1776", "10000-01-01", "2024-01-", "2024--01-01", "j 2451187", "24:00:00", "1999-008", "1999-366", "y", "05-10-2020 AD"},
	"time without time zone":         {"10:20", "10:20:30", "10:20:30.123456", "10:20:30.1234567", "00:00", "24:00:00", "24:00:01", "25:00", "10:60", "10:20:60", "10:20:61", "102030", "1020", "10:20 PM", "12:00 AM", "12:00 pm", "13:00 pm", "0:0:0.5", "", "x", "10", "10:20:30+02", "2024-01-01 10:20:30", "T10:20", "t102030", "10:20:30 UTC", "20:30.5", "040506.789", "allballs", "10:20:30-08", "2024-01-01 10:20:30 America/New_York"},
	"time(2) without time zone":      {"10:20:30.126", "23:59:59.999"},
	"timestamp without time zone":    {"2024-01-02 03:04:05", "2024-01-02T03:04:05", "2024-01-02 03:04:05.123456", "2024-01-02 03:04:05.1234567", "2024-01-02 03:04:05.9999995", "2024-01-02", "2024-01-02 03:04", "2024-01-02 03", "20240102T030405", "20240102 030405", "2024-01-02 03:04:05+02", "2024-01-02 03:04:05Z", "Jan 2 2024 3:04 PM", "Mon Jan 02 03:04:05 2024", "Mon Jan 02 03:04:05 2024 PST", "infinity", "-infinity", "epoch", "294276-12-31 23:59:59.999999", "294277-01-01", "4714-11-24 00:00:00 BC", "4714-11-23 23:59:59 BC", "2024-02-30", "2024-01-02 25:00", "2024-01-02 24:00:00", "2024-01-02 23:59:60", "", "x", "03:04:05", "2024-01-02 03:04:05 foo", "2024-01-02 03:04:05 America/New_York", "2024-01-02 03:04:05 Nowhere/Land", "2024-01-02 10:00 pm", "2024-01-02 13:00 pm", "0044-03-15 BC", "2024-01-02 03:04:05 BC", "  2024-01-02   03:04:05  ", "2024-01-02t03:04:05z", "2024-01-02 03:04:05.5+05:30", "J2460312", "J2460312.5", "2024.002 03:04", "1/2/2024 3:04", "2024-01-02 03:04:05+16", "2024-01-02 03:04:05+15:59", "2024-01-02 03:04:05 -08", "2024-01-02 030405-08", "infinit", "2024-01-02 03:04:05 EST", "2024-01-02T03:04:05.123Z", "Thu, 02 Jan 2024 03:04:05 GMT", "20240102030405", "2024-01-02,03:04:05", "2024-01-02 03:04:05.", "2024-01-02 3:4:5", "99999999-01-01"},
	"timestamp(3) without time zone": {"2024-01-02 03:04:05.1235", "2024-01-02 03:04:05.9995", "1999-01-02 03:04:05.1235", "1999-01-02 03:04:05.1234"},
	"timestamp with time zone":       {"2024-01-02 03:04:05", "2024-07-02 03:04:05", "2024-01-02 03:04:05+00", "2024-01-02 03:04:05+02:30", "2024-01-02 03:04:05-0800", "2024-01-02T03:04:05Z", "2024-03-10 02:30:00", "2024-11-03 01:30:00", "2024-03-10 02:30:00 America/New_York", "2024-01-02 03:04:05 Europe/Berlin", "2024-07-02 03:04:05 europe/berlin", "2024-01-02 03:04:05 PST", "2024-01-02 03:04:05 PDT", "2024-01-02 03:04:05 MET DST", "infinity", "-infinity", "epoch", "294276-12-31 23:59:59.999999+00", "294277-01-01 00:00:00+00", "4714-11-24 00:00:00+00 BC", "", "x", "2024-01-02 03:04:05 Nowhere", "1883-11-18 12:00:00", "1850-01-01 00:00:00", "2024-01-02 03:04:05+05:30:15", "2024-01-02", "2500-07-01 00:00:00", "2024-01-02 03:04:05 zulu", "2024-01-02 03:04:05 EST5EDT", "2024-01-02 03:04:05 GMT+8", "2024-01-02 03:04:05 PST+8", "2024-01-02 03:04:05 MST+7:00", "Wed Jul 11 10:51:14 PST-03:00 2001", "Wed Jul 11 10:51:14 GMT-4 2001", "2024-01-02 03:04:05 x+5", "0044-03-15 12:00 BC"},
	"interval":                       {"1 day", "1 hour 2 mins", "1-2", "-1-2", "@ 1 minute ago", "1 year 2 months 3 days 04:05:06", "P1Y2M3DT4H5M6S", "PT0.5S", "P0001-02-03T04:05:06", "P1W", "PT-1.5H", "3 4:05:06", "1 12:59:10", "1 day -1 hour", "-1 day +02:03:04", "1.5 days", "1.5 months", "1.5 years", "1.5 weeks", "0.5 day", "2 weeks", "1 decade", "1 century", "1 millennium", "5 milliseconds", "5 microseconds", "1.5 ms", "500 us", "10", "10.5", "-10", "1 y 2 mon 3 d 4 h 5 m 6 s", "", "x", "1 foo", "1", "day", "1 day 1 day", "1 hour ago ago", "99999999999 days", "2147483647 days", "2147483648 days", "178956970 years", "178956971 years", "-178956970 years -8 months", "9223372036854775807 us", "9223372036854775808 us", "00:00:00", "0", "-00:00:01", "25:00:00", "100:59:59.999999", "1:60:00", "12:30.5", "P", "PT", "P1", "1 mon -1 day", "-1 mon 1 day 00:00:01", "1 year -1 mon", "1e3 s", "1 2 3", "infinity", "1 month ago", "1 hour, 2 minutes", "+1 day", "1day", "1day2hours", "0.000001 s", "0.0000005 s", "0.0000015 s", "-0.1 month", "0.1 year", "1.1 century", "P1Y2M", "P1Y2.5M", "P-1Y2M", "PT1H30M", "PT90S", "P1DT", "P1H", "1 quarter", "1 dow", "2562047788 hours", "2562047789 hours", "PT1,5S", "p1d", "12:34:56.7 ago", "1-13", "1-2 3 4:5:6"},
	"interval day to hour":           {"1 12:59:10", "1 day 2 hours 30 minutes", "5"},
	"interval year":                  {"1-2", "5", "1 year 20 months"},
	"interval minute to second":      {"10:20", "1:02:03", "5"},
	"interval second(2)":             {"1.237", "1.235", "00:00:01.999"},
	"json":                           {`{"a":1}`, `{"a" : 1 , "a":2}`, ` [1, 2 ,3] `, `"x"`, `1`, `-1.5e10`, `true`, `null`, ``, ` `, `{`, `{"a"}`, `{"a":}`, `{"a":1,}`, `[1,]`, `[1 2]`, `{1:2}`, `tru`, `truex`, `01`, `1.`, `.5`, `-`, `"a`, `"\x"`, `"\u12"`, `"\u0000"`, `"\ud800"`, `"\udc00"`, `"\ud83d\ude00"`, `{"a":1}x`, `[1]]`, "\"a\nb\"", `"\u00e9"`, `{'a':1}`, `NaN`, `+1`, `1e5`, `1E+5`, `[`, `]`, `}`, `,`, `{,}`, `[,]`, `{"a":1 "b":2}`, `"\ud800x"`, `"\ud800\ud800"`},
	"jsonb":                          {`{"a":1}`, `{"b":1,"a":2,"aa":3,"a":4}`, ` [1, 2 ,3] `, `"x"`, `1`, `1.50`, `-1.5e10`, `1e-5`, `-0`, `-0.0`, `true`, `null`, ``, `{"a":`, `{}`, `[]`, `[[],{}]`, `"\u0000"`, `"\u00e9\n\t\u0001\/\"\\"`, `"\ud83d\ude00"`, `{"x":{"z":1,"y":[1,"a",null,false]}}`, `tru`, `{"a":1}x`, `{"":1}`, `1e131072`, `"é"`, `"` + "\u007f" + `"`, `{"b": {"d": 1, "c": {"f": 1, "e": 2}}, "a": [ {"z":1,"y":2} ]}`},
}

func typeOf(t *testing.T, name string) sqltype.Type {
	t.Helper()
	base, args, _ := strings.Cut(name, "(")
	var mods []int64
	rest := ""
	if args != "" {
		nums, tail, _ := strings.Cut(args, ")")
		rest = tail
		for _, n := range strings.Split(nums, ",") {
			var v int64
			fmt.Sscan(n, &v)
			mods = append(mods, v)
		}
	}
	if strings.HasPrefix(base, "interval ") {
		masks := map[string]int64{"interval day to hour": 1<<3 | 1<<10, "interval year": 1 << 2, "interval minute to second": 1<<11 | 1<<12, "interval second": 1 << 12}
		mods = append([]int64{masks[base]}, mods...)
		base = "interval"
	}
	oid, ok := sqltype.ByName(base + rest)
	if !ok {
		t.Fatalf("no type %q", base+rest)
	}
	mod, err := sqltype.ModOf(oid, mods)
	if err != nil {
		t.Fatal(err)
	}
	return sqltype.Type{OID: oid, Mod: mod}
}

func connect(t *testing.T) *pgx.Conn {
	conn, err := pgx.Connect(context.Background(), pgoracle.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// ask casts one parameter on the oracle and returns the value in a format, or the error.
func ask(conn *pgx.Conn, typ string, in []byte, format int16) ([]byte, *pgconn.PgError) {
	sql, args := "SELECT $1::"+typ, [][]byte{in}
	quoted := "'" + strings.ReplaceAll(string(in), "'", "''") + "'"
	switch {
	case typ == "character varying(3)": // a cast of a parameter would cut silently
		sql, args = "SELECT varcharin("+quoted+"::cstring, 0, 7)::varchar", nil
	case typ == "character(3)":
		sql, args = "SELECT bpcharin("+quoted+"::cstring, 0, 7)::bpchar", nil
	case typ == "bit(3)":
		sql, args = "SELECT bit_in("+quoted+"::cstring, 0, 3)", nil
	case typ == "bit varying(5)":
		sql, args = "SELECT varbit_in("+quoted+"::cstring, 0, 5)", nil
	case strings.HasPrefix(typ, "interval "): // its typmod steers the input function
		word, mod, _ := strings.Cut(typ, " ")
		sql, args = "SELECT "+word+" "+quoted+" "+mod, nil
	}
	r := conn.PgConn().ExecParams(context.Background(), sql, args, nil, nil, []int16{format}).Read()
	var pe *pgconn.PgError
	if errors.As(r.Err, &pe) {
		return nil, pe
	}
	return r.Rows[0][0], nil
}

func TestTextAgainstPostgres(t *testing.T) {
	conn := connect(t)
	for _, zone := range []string{"UTC", "America/New_York"} {
		env := &codec.Env{}
		if zone != "UTC" {
			env.Location = newYork
		}
		if _, err := conn.Exec(context.Background(), "SET TimeZone = '"+zone+"'"); err != nil {
			t.Fatal(err)
		}
		cases := 0
		for name, texts := range inputs {
			if zone != "UTC" && name != "timestamp with time zone" && name != "timestamp without time zone" {
				continue
			}
			typ := typeOf(t, name)
			if got := sqltype.TypeName(typ); got != name && !strings.HasPrefix(name, "interval ") {
				t.Errorf("TypeName(%q) = %q", name, got)
			}
			for _, in := range texts {
				compareText(t, conn, name, typ, in, env)
				cases++
			}
		}
		t.Logf("%s: %d inputs compared", zone, cases)
	}
}

func compareText(t *testing.T, conn *pgx.Conn, name string, typ sqltype.Type, in string, env *codec.Env) {
	t.Helper()
	want, pe := ask(conn, name, []byte(in), 0)
	b := delta.NewBuilder(typ.OID)
	err := codec.AppendText(b, typ, []byte(in), env)
	if pe != nil {
		var se *sqlerr.Error
		if !errors.As(err, &se) {
			t.Errorf("%s %q: got value or %v, want %s %s", name, in, err, pe.Code, pe.Message)
			return
		}
		if string(se.Code) != pe.Code || se.Message != pe.Message || se.Detail != pe.Detail || se.Hint != pe.Hint {
			t.Errorf("%s %q:\n got %s %s | %s | %s\nwant %s %s | %s | %s", name, in, se.Code, se.Message, se.Detail, se.Hint, pe.Code, pe.Message, pe.Detail, pe.Hint)
		}
		if b.Len() != 0 {
			t.Errorf("%s %q: a failed append left a row", name, in)
		}
		return
	}
	if err != nil {
		t.Errorf("%s %q: %v, want %q", name, in, err, want)
		return
	}
	col := b.Column()
	if got := codec.FormatText(nil, &col, 0, env); !bytes.Equal(got, want) {
		t.Errorf("%s %q: %q, want %q", name, in, got, want)
		return
	}
	wantBin, _ := ask(conn, name, []byte(in), 1)
	if got := codec.FormatBinary(nil, &col, 0); !bytes.Equal(got, wantBin) {
		t.Errorf("%s %q: binary %x, want %x", name, in, got, wantBin)
		return
	}
	if err := codec.AppendBinary(b, typ, wantBin, env); err != nil {
		t.Errorf("%s %q: its own binary is refused: %v", name, in, err)
		return
	}
	col = b.Column()
	if !delta.EqualImage(&col, 0, &col, 1) {
		t.Errorf("%s %q: binary reads back differently", name, in)
	}
}

// Random floats of every magnitude print as PostgreSQL prints them.
func TestFloatsAgainstPostgres(t *testing.T) {
	conn := connect(t)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 600 {
		var text string
		name := "double precision"
		switch i % 4 {
		case 0:
			text = fmt.Sprintf("%de%d", r.Int64N(1e6), r.IntN(40)-10)
		case 1:
			text = fmt.Sprintf("%d", uint64(1)<<(40+r.IntN(24))*uint64(1+r.IntN(3)))
		case 2:
			text = fmt.Sprintf("%v", r.NormFloat64()*float64(int64(1)<<r.IntN(60)))
		case 3:
			name, text = "real", fmt.Sprintf("%de%d", r.IntN(1e5), r.IntN(30)-12)
		}
		compareText(t, conn, name, typeOf(t, name), text, nil)
	}
}

func TestIntervalStylesAgainstPostgres(t *testing.T) {
	conn := connect(t)
	styles := map[string]int{"postgres": 0, "iso_8601": 1, "postgres_verbose": 2, "sql_standard": 3}
	for style, n := range styles {
		if _, err := conn.Exec(context.Background(), "SET IntervalStyle = "+style); err != nil {
			t.Fatal(err)
		}
		env := &codec.Env{}
		env.IntervalStyle += 0
		switch n {
		case 1:
			env.IntervalStyle++
		case 2:
			env.IntervalStyle += 2
		case 3:
			env.IntervalStyle += 3
		}
		for _, in := range []string{"0", "1 day", "P1Y2M3DT4H5M6.5S", "PT-0.5S", "PT1.000001S", "1 mon -1 day 00:00:01", "P-1Y-2M", "PT-4H-5M", "P3DT-1S", "P-3DT1S", "P1D", "PT10H", "P1Y", "PT1S", "P-1DT-1H"} {
			compareText(t, conn, "interval", sqltype.Of(sqltype.Interval), in, env)
		}
	}
}
