package pgcatalog

import "github.com/tributary-db/tributary/catalog"

// OIDs of objects that come with a relation are its own OID, which one counter gives and which stays below
// firstDerived, and a part of the space above for each sort. Those with several of a sort have a stride.
const (
	firstDerived  = 0x1000_0000
	rowTypes      = 0x1000_0000
	arrayTypes    = 0x2000_0000
	keyConstraint = 0x3000_0000
	rules         = 0x4000_0000
	keyIndexes    = 0x5000_0000
	checks        = 0x6000_0000
	defaults      = 0x9000_0000
	labels        = 0xe000_0000 // of enums; nothing looks them up

	checkStride   = 256
	defaultStride = 1600
	labelStride   = 1024
)

// Catalogs that rows name by OID.
const (
	classClass      = 1259
	typeClass       = 1247
	procClass       = 1255
	namespaceClass  = 2615
	constraintClass = 2606
	attrdefClass    = 2604
	rewriteClass    = 2618
	policyClass     = 3256
	authClass       = 1260
	extensionClass  = 3079
)

func checkOID(r *catalog.Relation, i int) uint32 {
	return checks + (uint32(r.OID)-uint32(catalog.FirstOID))*checkStride + uint32(i)
}

func defaultOID(r *catalog.Relation, column int) uint32 {
	return defaults + (uint32(r.OID)-uint32(catalog.FirstOID))*defaultStride + uint32(column)
}

// relationOf is the relation that a derived OID comes with, and the sort's base; 0 = it is none.
func relationOf(oid uint32) (rel catalog.OID, sort uint32, at int) {
	switch {
	case oid < firstDerived:
		return 0, 0, 0
	case oid >= defaults:
		return catalog.FirstOID + catalog.OID((oid-defaults)/defaultStride), defaults, int((oid - defaults) % defaultStride)
	case oid >= checks:
		return catalog.FirstOID + catalog.OID((oid-checks)/checkStride), checks, int((oid - checks) % checkStride)
	}
	sort = oid &^ 0x0fff_ffff
	return catalog.OID(oid - sort), sort, 0
}

// Schemas that are always there.
const (
	catalogSchema = 11
	publicSchema  = 2200 // while nobody has dropped it
	ownSchema     = 13100
)

// schemaOID is that of a schema, 0 = there is none of the name.
func (v *View) schemaOID(name string) uint32 {
	switch name {
	case "pg_catalog":
		return catalogSchema
	case "information_schema":
		return informationSchema()
	case "tributary":
		return ownSchema
	}
	if r, ok := v.cat.Schema(name); ok {
		return uint32(r.OID)
	}
	return 0
}
