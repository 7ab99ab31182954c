package parse

import pg "github.com/pganalyze/pg_query_go/v5"

// comment is COMMENT ON what PostgreSQL has, as far as it is here.
func comment(s *pg.CommentStmt) Body {
	out := &Comment{Text: s.Comment}
	parts := stringsOf(s.Object.GetList().GetItems())
	switch {
	case s.Objtype == pg.ObjectType_OBJECT_COLUMN && len(parts) > 1:
		out.Name, out.Column = qualify(parts[:len(parts)-1]), parts[len(parts)-1]
		return out
	case s.Objtype == pg.ObjectType_OBJECT_TABCONSTRAINT && len(parts) > 1:
		out.Name, out.Constraint = qualify(parts[:len(parts)-1]), parts[len(parts)-1]
		return out
	case s.Objtype == pg.ObjectType_OBJECT_POLICY && len(parts) > 1:
		out.Name, out.Policy = qualify(parts[:len(parts)-1]), parts[len(parts)-1]
		return out
	case s.Objtype == pg.ObjectType_OBJECT_DATABASE:
		out.Name.Name, out.Database = s.Object.GetString_().GetSval(), true
		return out
	case s.Objtype == pg.ObjectType_OBJECT_SCHEMA:
		out.Name.Name, out.Kind = s.Object.GetString_().GetSval(), ObjSchema
		return out
	}
	if isFunction(s.Objtype) {
		return &AlterFunction{Function: functionName(s.Object.GetObjectWithArgs()), Comment: &out.Text}
	}
	if t := s.Object.GetTypeName(); t != nil {
		parts = stringsOf(t.Names)
	}
	if s.Objtype == pg.ObjectType_OBJECT_DOMCONSTRAINT {
		items := s.Object.GetList().GetItems()
		out.Kind, out.Name, out.Constraint = ObjDomain, qualify(stringsOf(items[0].GetTypeName().GetNames())), items[1].GetString_().GetSval()
		return out
	}
	kind, ok := dropKinds[s.Objtype]
	if !ok || len(parts) == 0 {
		return &Unsupported{What: "COMMENT ON " + objectWords(s.Objtype)}
	}
	out.Kind, out.Name = kind, qualify(parts)
	return out
}

// commentForm reads COMMENT ON STREAM | SINK | TOPIC name IS 'text' | NULL. It gives nil for what it does not know.
func commentForm(s *segment) (Body, error) {
	c := &Comment{Kind: alterForms[s.word(2)]}
	if c.Kind == 0 || !s.is(1, "on") {
		return nil, nil
	}
	i := 3
	if topic, ok := s.topicName(i); ok && c.Kind == ObjTopic {
		c.Name = Name{Name: topic, Pos: s.pos(i)}
		i++
	} else {
		name, n, ok := s.qualified(i)
		if !ok {
			return nil, s.syntaxError(i)
		}
		c.Name = name
		i += n
	}
	if !s.is(i, "is") {
		return nil, s.syntaxError(i)
	}
	text, ok := s.literal(i + 1)
	if !ok && !s.is(i+1, "null") {
		return nil, s.syntaxError(i + 1)
	}
	c.Text = text
	if i+2 < len(s.toks) {
		return nil, s.syntaxError(i + 2)
	}
	return c, nil
}
