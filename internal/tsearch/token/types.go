package token

// Type is a token's type, as ts_token_type numbers them.
type Type int

const (
	ASCIIWord Type = iota + 1
	Word
	NumWord
	Email
	URL
	Host
	Scientific
	Version
	NumHyphenPart
	HyphenPart
	ASCIIHyphenPart
	Blank
	Tag
	Protocol
	NumHyphenWord
	ASCIIHyphenWord
	HyphenWord
	URLPath
	File
	Float
	Int
	Uint
	Entity
)

// Info is what the parser says of a type.
type Info struct{ Alias, Description string }

// Types are all of them, the first is type 1.
var Types = []Info{
	{"asciiword", "Word, all ASCII"},
	{"word", "Word, all letters"},
	{"numword", "Word, letters and digits"},
	{"email", "Email address"},
	{"url", "URL"},
	{"host", "Host"},
	{"sfloat", "Scientific notation"},
	{"version", "Version number"},
	{"hword_numpart", "Hyphenated word part, letters and digits"},
	{"hword_part", "Hyphenated word part, all letters"},
	{"hword_asciipart", "Hyphenated word part, all ASCII"},
	{"blank", "Space symbols"},
	{"tag", "XML tag"},
	{"protocol", "Protocol head"},
	{"numhword", "Hyphenated word, letters and digits"},
	{"asciihword", "Hyphenated word, all ASCII"},
	{"hword", "Hyphenated word, all letters"},
	{"url_path", "URL path"},
	{"file", "File or path name"},
	{"float", "Decimal notation"},
	{"int", "Signed integer"},
	{"uint", "Unsigned integer"},
	{"entity", "XML entity"},
}
