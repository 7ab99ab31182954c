package xid

import (
	"bytes"
	"testing"
)

func TestSnapshot(t *testing.T) {
	for in, want := range map[string]string{
		"12:13:": "12:13:", "12:18:14,16": "12:18:14,16", "12:16:14,14": "12:16:14", "31:12:": "", "0:1:": "", "12:13:0": "", "12:16:14,13": "", "1:2": "", "1:2:3:": "", "x:1:": "",
	} {
		s, err := Parse(in)
		switch {
		case want == "":
			if err == nil {
				t.Errorf("%s is taken", in)
			}
		case err != nil || string(s.AppendTo(nil)) != want:
			t.Errorf("%s: %v", in, err)
		default:
			if v, err := Decode(s.AppendBinary(nil)); err != nil || string(v) != want {
				t.Errorf("%s is sent as %s, %v", in, v, err)
			}
		}
	}
	s, _ := Parse("12:20:13,15,18")
	for id, want := range map[uint64]bool{11: true, 12: true, 13: false, 14: true, 18: false, 19: true, 20: false} {
		if s.Visible(id) != want {
			t.Errorf("%d is visible: %v", id, !want)
		}
	}
}

func FuzzSnapshot(f *testing.F) {
	for _, s := range []string{"12:18:14,16", "1:1:", "5:3:"} {
		f.Add([]byte(s))
		if p, err := Parse(s); err == nil {
			f.Add(p.AppendBinary(nil))
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		if v, err := Decode(src); err == nil && string(Of(v).AppendTo(nil)) != string(v) {
			t.Fatalf("%q: %s is not its own text", src, v)
		}
		if v, err := AppendParsed(nil, src); err == nil {
			if again, err := Decode(Of(v).AppendBinary(nil)); err != nil || !bytes.Equal(v, again) {
				t.Fatalf("%s: %s, %v", v, again, err)
			}
		}
	})
}
