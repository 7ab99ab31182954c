package network

import (
	"bytes"
	"testing"
)

// FuzzParse: what is read is shown so that it is read again, and orders as itself.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"10.1.2.3/8", "::1", "2001:db8::1.2.3.4/96", "0x0a", "10", "1:2:3:4:5:6:7:8", "::/0", "10./8"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, cidr := range []bool{false, true} {
			v, err := Parse([]byte(text), cidr)
			if err != nil {
				continue
			}
			again, err := Parse(AppendText(nil, v, cidr), cidr)
			if err != nil || !bytes.Equal(v, again) || Compare(v, again) != 0 {
				t.Errorf("%q is % x, and again % x, %v", text, v, again, err)
			}
			back, err := DecodeBinary(AppendBinary(nil, v, cidr), cidr)
			if err != nil || !bytes.Equal(v, back) {
				t.Errorf("%q is % x, in binary % x, %v", text, v, back, err)
			}
		}
		if mac, err := ParseMAC([]byte(text)); err == nil {
			again, err := ParseMAC(AppendMAC(nil, uint64(mac), 6))
			if err != nil || mac != again {
				t.Errorf("%q is %x, and again %x", text, mac, again)
			}
		}
		if mac, err := ParseMAC8([]byte(text)); err == nil {
			again, err := ParseMAC8(AppendMAC(nil, mac, 8))
			if err != nil || mac != again {
				t.Errorf("%q is %x, and again %x", text, mac, again)
			}
		}
	})
}

// FuzzDecode: no bytes are trusted.
func FuzzDecode(f *testing.F) {
	f.Add([]byte{2, 32, 0, 4, 1, 2, 3, 4})
	f.Fuzz(func(t *testing.T, src []byte) {
		for _, cidr := range []bool{false, true} {
			if v, err := DecodeBinary(src, cidr); err == nil {
				AppendText(nil, v, cidr)
				AppendAbbrev(nil, v)
			}
		}
	})
}
