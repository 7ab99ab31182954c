package charset

import (
	"strings"
	"unicode"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// Charset is an encoding that clients may speak.
type Charset struct {
	// Name is PostgreSQL's.
	Name   string
	scheme scheme
	table  encoding.Encoding // nil: there is no conversion
}

// scheme is how the bytes of one character are told apart.
type scheme byte

const (
	same    scheme = iota // UTF8 and SQL_ASCII
	single                // a byte is a character
	iso                   // of them those whose bytes from 0x80 to 0x9f are the control characters
	windows               // of them those whose bytes from 0x80 to 0x9f are no control characters
	euc                   // two bytes from 0xa1 to 0xfe
	eucJP                 // euc, and characters behind 0x8e and 0x8f
	sjis
	double // two bytes, the second any
	gb18030
)

// all are PostgreSQL's encodings.
var all = []*Charset{
	{Name: "SQL_ASCII"}, {Name: "UTF8"},
	{"EUC_JP", eucJP, japanese.EUCJP}, {"EUC_CN", euc, simplifiedchinese.GBK}, {"EUC_KR", euc, korean.EUCKR}, {"SJIS", sjis, japanese.ShiftJIS},
	{"BIG5", double, traditionalchinese.Big5}, {"GBK", double, simplifiedchinese.GBK}, {"UHC", double, korean.EUCKR}, {"GB18030", gb18030, simplifiedchinese.GB18030},
	{"LATIN1", iso, charmap.ISO8859_1}, {"LATIN2", iso, charmap.ISO8859_2}, {"LATIN3", iso, charmap.ISO8859_3}, {"LATIN4", iso, charmap.ISO8859_4},
	{"LATIN5", iso, charmap.ISO8859_9}, {"LATIN6", iso, charmap.ISO8859_10}, {"LATIN7", iso, charmap.ISO8859_13}, {"LATIN8", iso, charmap.ISO8859_14},
	{"LATIN9", iso, charmap.ISO8859_15}, {"LATIN10", iso, charmap.ISO8859_16},
	{"ISO_8859_5", iso, charmap.ISO8859_5}, {"ISO_8859_6", iso, charmap.ISO8859_6}, {"ISO_8859_7", iso, charmap.ISO8859_7}, {"ISO_8859_8", iso, charmap.ISO8859_8},
	{"WIN1250", windows, charmap.Windows1250}, {"WIN1251", windows, charmap.Windows1251}, {"WIN1252", windows, charmap.Windows1252}, {"WIN1253", windows, charmap.Windows1253},
	{"WIN1254", windows, charmap.Windows1254}, {"WIN1255", windows, charmap.Windows1255}, {"WIN1256", windows, charmap.Windows1256}, {"WIN1257", windows, charmap.Windows1257},
	{"WIN1258", windows, charmap.Windows1258}, {"WIN866", single, charmap.CodePage866}, {"WIN874", windows, charmap.Windows874}, {"KOI8R", single, charmap.KOI8R}, {"KOI8U", single, charmap.KOI8U},
	{Name: "EUC_TW", scheme: double}, {Name: "EUC_JIS_2004", scheme: eucJP}, {Name: "MULE_INTERNAL", scheme: double}, {Name: "JOHAB", scheme: double}, {Name: "SHIFT_JIS_2004", scheme: sjis},
}

// aliases are other names of PostgreSQL's, in lower case without marks.
var aliases = map[string]string{
	"unicode": "utf8", "abc": "win1258", "alt": "win866", "big5": "big5", "iso88591": "latin1", "iso885910": "latin6", "iso885913": "latin7", "iso885914": "latin8",
	"iso885915": "latin9", "iso885916": "latin10", "iso88592": "latin2", "iso88593": "latin3", "iso88594": "latin4", "iso88599": "latin5", "koi8": "koi8r",
	"mskanji": "sjis", "shiftjis": "sjis", "tcvn": "win1258", "tcvn5712": "win1258", "vscii": "win1258", "win": "win1251", "win932": "sjis", "win936": "gbk", "win949": "uhc", "win950": "big5",
	"windows1250": "win1250", "windows1251": "win1251", "windows1252": "win1252", "windows1253": "win1253", "windows1254": "win1254", "windows1255": "win1255", "windows1256": "win1256",
	"windows1257": "win1257", "windows1258": "win1258", "windows866": "win866", "windows874": "win874", "windows932": "sjis", "windows936": "gbk", "windows949": "uhc", "windows950": "big5",
}

var byName = func() map[string]*Charset {
	m := map[string]*Charset{}
	for _, c := range all {
		m[plain(c.Name)] = c
	}
	for alias, name := range aliases {
		m[alias] = m[name]
	}
	return m
}()

// plain is a name without what does not count: case and marks.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

// Lookup finds an encoding by any of its names.
func Lookup(name string) (*Charset, bool) {
	c, ok := byName[plain(name)]
	return c, ok
}

// Converts reports whether there is a conversion, and Same that none is needed.
func (c *Charset) Converts() bool { return c.scheme == same || c.table != nil }

// Same reports whether text needs no conversion.
func (c *Charset) Same() bool { return c.scheme == same }
