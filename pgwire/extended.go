package pgwire

import (
	"context"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// bindBuf is what Parse and Bind reuse from one message to the next.
type bindBuf struct {
	msg   pgproto3.Bind
	bind  face.Bind
	types []sqltype.OID
}

func (c *conn) parse(ctx context.Context, body []byte) error {
	var m pgproto3.Parse
	if err := m.Decode(body); err != nil {
		return formatError(body)
	}
	if err := c.texts(&m.Name, &m.Query); err != nil {
		return err
	}
	types := c.binds.types[:0]
	for _, oid := range m.ParameterOIDs {
		types = append(types, sqltype.OID(oid))
	}
	c.binds.types = types
	if err := c.sess.Parse(ctx, m.Name, m.Query, types); err != nil {
		return err
	}
	c.out.empty('1')
	return nil
}

func (c *conn) bind(ctx context.Context, body []byte) error {
	m, b := &c.binds.msg, &c.binds.bind
	if err := m.Decode(body); err != nil {
		return formatError(body)
	}
	var err error
	if b.ParamFormats, err = formats(b.ParamFormats, m.ParameterFormatCodes); err != nil {
		return faceError{err}
	}
	if b.ResultFormats, err = formats(b.ResultFormats, m.ResultFormatCodes); err != nil {
		return faceError{err}
	}
	if n := len(b.ParamFormats); n > 1 && n != len(m.Parameters) {
		return faceError{sqlerr.New(sqlerr.ProtocolViolation, "bind message has %d parameter formats but %d parameters", n, len(m.Parameters))}
	}
	b.Portal, b.Statement, b.Params = m.DestinationPortal, m.PreparedStatement, m.Parameters
	if err := c.texts(&b.Portal, &b.Statement); err != nil {
		return err
	}
	if err := c.parameters(ctx, b); err != nil {
		return err
	}
	if err := c.sess.Bind(ctx, b); err != nil {
		return err
	}
	c.out.empty('2')
	return nil
}

func (c *conn) describe(ctx context.Context, body []byte) error {
	var m pgproto3.Describe
	if err := m.Decode(body); err != nil {
		return formatError(body)
	}
	if err := c.texts(&m.Name); err != nil {
		return err
	}
	switch m.ObjectType {
	case 'S':
		params, fields, err := c.sess.DescribeStatement(ctx, m.Name)
		if err != nil && params == nil {
			return err
		}
		if err == nil {
			err = c.sayable(fields)
		}
		at := c.out.begin('t')
		c.out.int16(len(params))
		for _, p := range params {
			c.out.int32(uint32(p))
		}
		c.out.end(at)
		if err == nil {
			c.out.rowDescription(fields)
		}
		return err
	case 'P':
		fields, err := c.sess.DescribePortal(ctx, m.Name)
		if err != nil {
			return err
		}
		if err := c.sayable(fields); err != nil {
			return err
		}
		c.out.rowDescription(fields)
		return nil
	}
	return faceError{sqlerr.New(sqlerr.ProtocolViolation, "invalid DESCRIBE message subtype %d", m.ObjectType)}
}

func (c *conn) execute(ctx context.Context, body []byte) error {
	var m pgproto3.Execute
	if err := m.Decode(body); err != nil {
		return formatError(body)
	}
	if err := c.texts(&m.Portal); err != nil {
		return err
	}
	limit := 0
	if m.MaxRows <= 1<<31-1 { // what is negative to PostgreSQL means all
		limit = int(m.MaxRows)
	}
	c.srv.stats.statements.Add(1)
	defer c.srv.timed(c.srv.cfg.Clock.Now())
	c.w.begin(false)
	return c.sess.Execute(ctx, m.Portal, limit, &c.w)
}

func (c *conn) closeOne(ctx context.Context, body []byte) error {
	var m pgproto3.Close
	if err := m.Decode(body); err != nil {
		return formatError(body)
	}
	err := c.texts(&m.Name)
	if err != nil {
		return err
	}
	switch m.ObjectType {
	case 'S':
		err = c.sess.CloseStatement(ctx, m.Name)
	case 'P':
		err = c.sess.ClosePortal(ctx, m.Name)
	default:
		err = faceError{sqlerr.New(sqlerr.ProtocolViolation, "invalid CLOSE message subtype %d", m.ObjectType)}
	}
	if err == nil {
		c.out.empty('3')
	}
	return err
}
