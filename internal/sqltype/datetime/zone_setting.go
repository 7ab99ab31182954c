package datetime

import (
	"encoding/binary"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// ZoneOfSetting reads a value of the setting TimeZone: a name of the zone data, hours east of Greenwich, INTERVAL '…', or a POSIX
// form as FOO8BAR. The name is the one that SHOW has and that gives the same zone again (PostgreSQL's check_timezone).
func ZoneOfSetting(value string) (name string, loc *time.Location, ok bool) {
	if low := strings.ToLower(value); strings.HasPrefix(low, "interval") {
		text := strings.Trim(strings.TrimSpace(low[len("interval"):]), "'")
		v, err := ParseInterval([]byte(text), FullRange, IntervalPostgres)
		if err != nil || v.Months != 0 || v.Days != 0 {
			return "", nil, false
		}
		return numericZone(v.Micros / UsecsPerSecond)
	}
	if hours, err := strconv.ParseFloat(value, 64); err == nil && !math.IsNaN(hours) {
		return numericZone(int64(hours * 3600))
	}
	if strings.EqualFold(value, "gmt") { // which LoadZone takes for UTC: the same times under another name
		return "GMT", gmt, true
	}
	if loc, ok := LoadZone(value); ok {
		return loc.String(), loc, true
	}
	if loc, ok := PosixZone(value); ok {
		return strings.ToUpper(value), loc, true
	}
	return "", nil, false
}

var gmt = time.FixedZone("GMT", 0)

// numericZone is the zone so many seconds east, called as PostgreSQL calls it: a POSIX form whose signs count the other way.
func numericZone(east int64) (string, *time.Location, bool) {
	if east <= -7*86400 || east >= 7*86400 {
		return "", nil, false
	}
	shown, west := "+", "-"
	if east < 0 {
		shown, west, east = "-", "+", -east
	}
	text := fmt.Sprintf("%02d", east/3600)
	if east%3600 != 0 {
		text += fmt.Sprintf(":%02d", east/60%60)
	}
	if east%60 != 0 {
		text += fmt.Sprintf(":%02d", east%60)
	}
	name := "<" + shown + text + ">" + west + text
	loc, ok := PosixZone(name)
	return name, loc, ok
}

var (
	posixName = `(?:<[^<>]*>|[A-Za-z]*)`
	posixTime = `[+-]?\d{1,3}(?::\d{1,2}){0,2}`
	posixRule = `,(?:J?\d{1,3}|M\d{1,2}\.\d\.\d)(?:/` + posixTime + `)?`
	posix     = regexp.MustCompile(`^(` + posixName + `)(` + posixTime + `)(?:(<[^<>]*>|[A-Za-z]+)(` + posixTime + `)?(` + posixRule + posixRule + `)?)?$`)
)

// PosixZone is the zone of a POSIX form: a name, an offset that counts west of Greenwich, and if it has summer time its name, offset and
// rules (those of the United States by default). The same form gives the same zone.
func PosixZone(form string) (*time.Location, bool) {
	if len(form) > 64 {
		return nil, false
	}
	form = strings.ToUpper(form)
	m := posix.FindStringSubmatch(form)
	if m == nil {
		return nil, false
	}
	west, ok := posixOffset(m[2])
	if !ok {
		return nil, false
	}
	key := "posix " + form
	zones.Lock()
	defer zones.Unlock()
	if z, ok := zones.m[key]; ok {
		return z, z != nil
	}
	footer := "<" + strings.Trim(m[1], "<>") + ">" + m[2]
	if m[3] != "" {
		footer += "<" + strings.Trim(m[3], "<>") + ">" + m[4] + m[5]
	}
	z, err := time.LoadLocationFromTZData(form, zoneFile(strings.Trim(m[1], "<>"), -west, footer))
	if err != nil {
		return nil, false
	}
	if len(zones.m) < maxZones {
		zones.m[key] = z
	}
	return z, true
}

// zoneFile is a file of zone data (RFC 8536, version 2) without transitions: one kind of time, and the rules as its footer.
func zoneFile(name string, east int, footer string) []byte {
	part := func() []byte {
		b := append([]byte("TZif2"), make([]byte, 15)...)
		for _, n := range []int{0, 0, 0, 0, 1, len(name) + 1} { // isut, isstd, leap, transitions, types, letters
			b = binary.BigEndian.AppendUint32(b, uint32(n))
		}
		b = binary.BigEndian.AppendUint32(b, uint32(int32(east)))
		b = append(b, 0, 0) // no summer time, the name at 0
		return append(append(b, name...), 0)
	}
	b := append(part(), part()...)
	return append(append(append(b, '\n'), footer...), '\n')
}
