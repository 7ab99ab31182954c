package connector

import (
	"errors"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/nexmark"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Nexmark is the one connector there is.
const Nexmark = "nexmark"

// Has reports whether rel is a stream that a connector fills.
func Has(rel *catalog.Relation) bool {
	return rel.Kind == catalog.KindStream && rel.Options["connector"] != ""
}

// Columns of a connector's table, for a CREATE STREAM without a column list.
func Columns(connector, table string) ([]catalog.Column, bool) {
	if connector != Nexmark {
		return nil, false
	}
	var out []catalog.Column
	for _, c := range nexmark.Columns(nexmark.Table(table)) {
		out = append(out, catalog.Column{Name: c.Name, Type: c.Type})
	}
	return out, out != nil
}

// Check refuses a stream whose options its connector cannot serve, with an error for the user.
func Check(rel *catalog.Relation) error {
	_, err := parse(rel)
	return err
}

func parse(rel *catalog.Relation) (nexmark.Source, error) {
	if name := rel.Options["connector"]; name != Nexmark {
		return nexmark.Source{}, sqlerr.New(sqlerr.InvalidParameterValue, "unknown connector \"%s\"", name).
			WithHint("The connector there is: nexmark.")
	}
	// The generator writes JSON without a key; anything else must not be taken silently.
	if rel.Format.Name != "json" {
		return nexmark.Source{}, sqlerr.New(sqlerr.FeatureNotSupported, "connector nexmark with format %s is not supported", rel.Format.Name)
	}
	if len(rel.Format.Key) > 0 {
		return nexmark.Source{}, sqlerr.New(sqlerr.FeatureNotSupported, "connector nexmark with a key is not supported")
	}
	source, err := nexmark.ParseSource(rel.Options)
	var bad *nexmark.OptionError
	if errors.As(err, &bad) {
		return source, sqlerr.New(sqlerr.InvalidParameterValue, "invalid value for option \"%s\": \"%s\"", bad.Name, bad.Value).
			WithHint("It must be %s.", bad.Want)
	}
	return source, err
}
