package pgcatalog

import "github.com/tributary-db/tributary/catalog/bootstrap"

// Comment is what pg_description has of an object, or with sub > 0 of its column; class 0 = of any catalog.
func (v *View) Comment(object, class uint32, sub int32) (string, bool) {
	if sub != 0 {
		return "", false
	}
	for _, row := range bootstrap.Rows("pg_description") {
		if bootstrap.Number(row[0]) == object && (class == 0 || bootstrap.Number(row[1]) == class) && row[2] == "0" {
			return bootstrap.Text(row[3]), true
		}
	}
	return "", false
}
