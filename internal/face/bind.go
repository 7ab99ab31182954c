package face

// Bind makes a portal of a prepared statement.
type Bind struct {
	Portal    string
	Statement string
	// Params are the values in their wire format, nil = NULL.
	Params [][]byte
	// ParamFormats has no entry (all text), one (for all), or one for each parameter.
	ParamFormats []Format
	// ResultFormats has no entry (all text), one (for all), or one for each result column; the
	// session refuses another number.
	ResultFormats []Format
}

// ParamFormat is the format of parameter i.
func (b *Bind) ParamFormat(i int) Format { return pick(b.ParamFormats, i) }

// ResultFormat is the format of result column i.
func (b *Bind) ResultFormat(i int) Format { return pick(b.ResultFormats, i) }

func pick(formats []Format, i int) Format {
	switch {
	case len(formats) == 0:
		return Text
	case len(formats) == 1:
		return formats[0]
	case i < len(formats):
		return formats[i]
	}
	return Text
}
