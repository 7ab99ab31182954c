package datetime

import "github.com/tributary-db/tributary/internal/sqlerr"

// problem is why text is no date, time or interval.
type problem uint8

const (
	fine problem = iota
	badFormat
	fieldOverflow
	monthDayOverflow // the order of the fields may be the reason
	zoneOverflow
	needsClock
	badZone // problem.zone holds the name
)

func (p problem) error(typ string, src []byte, zone string) error {
	switch p {
	case fieldOverflow:
		return sqlerr.New(sqlerr.DatetimeFieldOverflow, `date/time field value out of range: "%s"`, src)
	case monthDayOverflow:
		return sqlerr.New(sqlerr.DatetimeFieldOverflow, `date/time field value out of range: "%s"`, src).
			WithHint(`Perhaps you need a different "datestyle" setting.`)
	case zoneOverflow:
		return sqlerr.New("22009", `time zone displacement out of range: "%s"`, src)
	case badZone:
		return sqlerr.New(sqlerr.InvalidParameterValue, `time zone "%s" not recognized`, zone)
	case needsClock:
		return sqlerr.New(sqlerr.FeatureNotSupported, `the input "%s" of type %s depends on the current time`, src, typ).
			WithHint("Use now(), CURRENT_DATE or CURRENT_TIMESTAMP.")
	}
	return sqlerr.New(sqlerr.InvalidDatetimeFormat, `invalid input syntax for type %s: "%s"`, typ, src)
}

func errTimestampRange() error {
	return sqlerr.New(sqlerr.DatetimeFieldOverflow, "timestamp out of range")
}

func errDateRange() error {
	return sqlerr.New(sqlerr.DatetimeFieldOverflow, "date out of range")
}

func errIntervalRange() error {
	return sqlerr.New(sqlerr.DatetimeFieldOverflow, "interval out of range")
}

func errTimestampText(src []byte) error {
	return sqlerr.New(sqlerr.DatetimeFieldOverflow, `timestamp out of range: "%s"`, src)
}

func errDateText(src []byte) error {
	return sqlerr.New(sqlerr.DatetimeFieldOverflow, `date out of range: "%s"`, src)
}
