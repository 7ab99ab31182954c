package lane

import (
	"bytes"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/record"
	"github.com/tributary-db/tributary/internal/delta"
)

// comes writes a row that nothing takes back.
func (s *sinkOut) comes(cols []delta.Column, row int32) error {
	now := record.Row{Cols: cols, At: row}
	switch s.format {
	case catalog.FormatDebezium:
		return s.change(now, s.encoder.Event("c", nil, &now))
	case catalog.FormatChangelog:
		return s.change(now, s.encoder.Op("+I", now))
	}
	return s.add(cols, row, false)
}

// change writes a record with the key of a row.
func (s *sinkOut) change(row record.Row, value []byte) error {
	key, _ := s.encoder.Key(row.Cols, row.At)
	return s.send(key, value, s.encoder.Timestamp(row))
}

// events writes what became of one key of the query as Debezium's events. What goes is followed by a
// tombstone, so that the topic can be compacted.
func (s *sinkOut) events(rows *delta.Batch) error {
	for _, gone := range s.gone {
		before := record.Row{Cols: rows.Cols, At: gone}
		if at := s.sameKey(rows.Cols, s.made, gone); at >= 0 {
			after := record.Row{Cols: rows.Cols, At: s.made[at]}
			s.made = append(s.made[:at], s.made[at+1:]...)
			if err := s.change(after, s.encoder.Event("u", &before, &after)); err != nil {
				return err
			}
			continue
		}
		if err := s.change(before, s.encoder.Event("d", &before, nil)); err != nil {
			return err
		}
		if err := s.change(before, nil); err != nil {
			return err
		}
	}
	for _, made := range s.made {
		if err := s.comes(rows.Cols, made); err != nil {
			return err
		}
	}
	return nil
}

// sameKey finds the one of some rows that has the record key of row, -1 if none has.
func (s *sinkOut) sameKey(cols []delta.Column, list []int32, row int32) int {
	key, _ := s.encoder.Key(cols, row)
	s.keyBuf = append(s.keyBuf[:0], key...)
	for i, other := range list {
		if key, _ := s.encoder.Key(cols, other); bytes.Equal(key, s.keyBuf) {
			return i
		}
	}
	return -1
}

// ops writes what became of one key of the query row by row: an update is the row before and the row after.
// Where no key names a row, rows go and come as often as they do.
func (s *sinkOut) ops(rows *delta.Batch) error {
	goes, comes := "-D", "+I"
	if s.keyed && len(s.gone) > 0 && len(s.made) > 0 {
		goes, comes = "-U", "+U"
	}
	write := func(list []int32, op string) error {
		for _, at := range list {
			row := record.Row{Cols: rows.Cols, At: at}
			for range max(rows.Weight(at), -rows.Weight(at)) {
				if err := s.change(row, s.encoder.Op(op, row)); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if err := write(s.gone, goes); err != nil {
		return err
	}
	return write(s.made, comes)
}
