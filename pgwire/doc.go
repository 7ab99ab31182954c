// Package pgwire serves sessions over the PostgreSQL wire protocol, version 3.
package pgwire
