package kernel

import "crypto/rand"

func init() {
	kernels(map[string]Kernel{
		// Version 4: 122 random bits.
		"gen_random_uuid": fn0c(func(*Call) (u [16]byte, err Err) {
			_, _ = rand.Read(u[:]) // never fails
			u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80
			return u, nil
		}),
	})
}
