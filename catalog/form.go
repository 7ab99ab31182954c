package catalog

// Form is what the rows of a relation depend on, for who compares: the relation without names, and without what only
// governs what may be written. Of its columns it has no more than given, -1 = all.
func (r *Relation) Form(columns int) *Relation {
	f := *r
	f.Schema, f.Name, f.TopicName, f.KeyName, f.KeyIndex, f.Checks, f.Inputs, f.Retold = "", "", "", "", 0, nil, nil, ""
	f.Layouts, f.Format.Key, f.Format.KeyFields = nil, nil, nil
	f.OnErrorSkip = false // governs reads
	f.RewrittenAt = 0
	f.Comment, f.KeyComment, f.ConstraintComment, f.ForeignKeys = "", "", "", nil
	if columns < 0 || columns > len(r.Columns) {
		columns = len(r.Columns)
	}
	f.Columns = make([]Column, columns)
	for i := range f.Columns {
		c := &r.Columns[i]
		f.Columns[i] = Column{Type: c.Type}
		if r.Kind == KindStream || r.FromTopic { // read by its name, and refused where it is NULL
			f.Columns[i].Name, f.Columns[i].NotNull = c.FieldName(), c.NotNull
			f.Columns[i].Later = c.Later
		}
	}
	if r.Kind == KindTable {
		f.ForeignKeys = nil
		f.DependsOn = nil // sequences of defaults
	}
	return &f
}
