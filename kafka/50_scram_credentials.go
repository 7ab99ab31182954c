package kafka

import (
	"context"
	"errors"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/internal/auth"
)

// Credentials are the passwords of the roles that there are, as verifiers.
type Credentials interface {
	// Roles by name.
	Roles(ctx context.Context) ([]string, error)
	// Verifiers of one of them.
	Verifiers(ctx context.Context, role string) (auth.Verifiers, error)
	// Alter gives a role what change makes of its verifiers; an error of change changes nothing and is
	// returned.
	Alter(ctx context.Context, role string, change func(auth.Verifiers) (auth.Verifiers, error)) error
}

// DescribeUserScramCredentials (50), AlterUserScramCredentials (51): the passwords of the roles that there are,
// which are those of SQL and HTTP too.
//
// Behaviour:
//   - A role's two mechanisms are changed each by itself; who changes one alone has two passwords from then on, of
//     which SQL and HTTP take that of SCRAM-SHA-256. ALTER ROLE … PASSWORD sets both.
//   - A user that is no role, or has no verifier of a mechanism, is RESOURCE_NOT_FOUND; roles are not made here.
//   - One that is named twice is DUPLICATE_RESOURCE. All changes of one user are made at once or not at all.
//   - Iterations are 4,096 to 16,384, as in Kafka; salt and salted password must be what the mechanism makes
//     (UNACCEPTABLE_CREDENTIAL).

const maxScramIterations = 16_384

// scramMechanisms by Kafka's number.
var scramMechanisms = map[int8]auth.Mechanism{1: auth.SHA256, 2: auth.SHA512}

func (s *Server) describeUserScramCredentials(ctx context.Context, _ *request, req *kmsg.DescribeUserSCRAMCredentialsRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.DescribeUserSCRAMCredentialsResponse)
	roles, err := s.cfg.Credentials.Roles(ctx)
	if err != nil {
		resp.ErrorCode, resp.ErrorMessage = codeAndMessage(err)
		return resp, ctx.Err()
	}
	all := len(req.Users) == 0
	asked := req.Users
	if all {
		for _, role := range roles {
			asked = append(asked, kmsg.DescribeUserSCRAMCredentialsRequestUser{Name: role})
		}
	}
	times := counted(asked, func(u *kmsg.DescribeUserSCRAMCredentialsRequestUser) string { return u.Name })
	for _, u := range asked {
		if times[u.Name] == 0 {
			continue // told of already
		}
		result := kmsg.NewDescribeUserSCRAMCredentialsResponseResult()
		result.User = u.Name
		var vs auth.Verifiers
		if slices.Contains(roles, u.Name) {
			vs, err = s.cfg.Credentials.Verifiers(ctx, u.Name)
		}
		switch {
		case times[u.Name] > 1:
			err = refuse(kerr.DuplicateResource, "cannot describe SCRAM credentials for the same user twice in a single request: %s", u.Name)
		case err == nil && len(vs) == 0 && all:
			continue
		case err == nil && len(vs) == 0:
			err = refuse(kerr.ResourceNotFound, "attempt to describe a user credential that does not exist: %s", u.Name)
		}
		times[u.Name] = 0
		if result.ErrorCode, result.ErrorMessage = codeAndMessage(err); err == nil {
			for number, m := range scramMechanisms {
				if v, ok := vs.Of(m); ok {
					info := kmsg.NewDescribeUserSCRAMCredentialsResponseResultCredentialInfo()
					info.Mechanism, info.Iterations = number, int32(v.Iterations)
					result.CredentialInfos = append(result.CredentialInfos, info)
				}
			}
			slices.SortFunc(result.CredentialInfos, func(a, b kmsg.DescribeUserSCRAMCredentialsResponseResultCredentialInfo) int {
				return int(a.Mechanism) - int(b.Mechanism)
			})
		}
		resp.Results = append(resp.Results, result)
		err = nil
	}
	return resp, ctx.Err()
}

// scramChange is what is asked for one mechanism of a user: a verifier, or to remove it.
type scramChange struct {
	mechanism auth.Mechanism
	verifier  *auth.Verifier
}

func (s *Server) alterUserScramCredentials(ctx context.Context, r *request, req *kmsg.AlterUserSCRAMCredentialsRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.AlterUserSCRAMCredentialsResponse)
	var users []string
	changes, wrong := map[string][]scramChange{}, map[string]error{}
	add := func(user string, mechanism int8, v *auth.Verifier, err error) {
		if _, seen := changes[user]; !seen {
			users = append(users, user)
		}
		m, known := scramMechanisms[mechanism]
		switch {
		case user == "":
			err = refuse(kerr.UnacceptableCredential, "username must not be empty")
		case !known:
			err = refuse(kerr.UnsupportedSaslMechanism, "unknown SCRAM mechanism %d", mechanism)
		case slices.ContainsFunc(changes[user], func(c scramChange) bool { return c.mechanism == m }):
			err = refuse(kerr.DuplicateResource, "a user credential cannot be altered twice in the same request")
		}
		changes[user] = append(changes[user], scramChange{m, v})
		if wrong[user] == nil {
			wrong[user] = err
		}
	}
	for _, d := range req.Deletions {
		add(d.Name, d.Mechanism, nil, nil)
	}
	for i := range req.Upsertions {
		u := &req.Upsertions[i]
		v, err := scramVerifier(u)
		add(u.Name, u.Mechanism, &v, err)
	}
	for _, user := range users {
		err := wrong[user]
		if err == nil {
			err = s.alterScram(ctx, r, user, changes[user])
		}
		if err == nil {
			r.changed("ALTER ROLE", user)
		}
		result := kmsg.NewAlterUserSCRAMCredentialsResponseResult()
		result.User = user
		result.ErrorCode, result.ErrorMessage = codeAndMessage(err)
		resp.Results = append(resp.Results, result)
	}
	return resp, ctx.Err()
}

func scramVerifier(u *kmsg.AlterUserSCRAMCredentialsRequestUpsertion) (auth.Verifier, error) {
	switch {
	case u.Iterations < auth.Iterations:
		return auth.Verifier{}, refuse(kerr.UnacceptableCredential, "too few iterations: %d, at least %d", u.Iterations, auth.Iterations)
	case u.Iterations > maxScramIterations:
		return auth.Verifier{}, refuse(kerr.UnacceptableCredential, "too many iterations: %d, at most %d", u.Iterations, maxScramIterations)
	}
	v, err := auth.SaltedVerifier(scramMechanisms[u.Mechanism], u.SaltedPassword, u.Salt, int(u.Iterations))
	if errors.Is(err, auth.ErrVerifier) {
		err = refuse(kerr.UnacceptableCredential, "a salted password of %d bytes with a salt of %d", len(u.SaltedPassword), len(u.Salt))
	}
	return v, err
}

func (s *Server) alterScram(ctx context.Context, r *request, user string, changes []scramChange) error {
	if !s.super(r.user()) && user != r.user() {
		return errDenied
	}
	roles, err := s.cfg.Credentials.Roles(ctx)
	if err != nil {
		return err
	}
	if !slices.Contains(roles, user) {
		return refuse(kerr.ResourceNotFound, "role %q does not exist", user)
	}
	return s.cfg.Credentials.Alter(ctx, user, func(vs auth.Verifiers) (auth.Verifiers, error) {
		for _, c := range changes {
			if _, has := vs.Of(c.mechanism); !has && c.verifier == nil {
				return nil, refuse(kerr.ResourceNotFound, "attempt to delete a user credential that does not exist")
			}
			vs = vs.Without(c.mechanism)
			if c.verifier != nil {
				vs = append(vs, *c.verifier)
			}
		}
		return vs, nil
	})
}
