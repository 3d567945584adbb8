package local

import (
	"context"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// shortest is the length from which a secret is hidden in what is shown;
// shorter ones would blot out ordinary words.
const shortest = 4

type secretsKey struct{}

// withSecrets notes the secret strings in inputs, so that what a command
// prints is shown without them. It guards errors and progress; stdout and
// stderr are kept as they are, encrypted (see WireDependencies).
func withSecrets(ctx context.Context, inputs ...property.Map) context.Context {
	var found []string
	note := func(secret string) {
		// A file that is one secret is printed line by line.
		for line := range strings.Lines(secret) {
			if line = strings.TrimSpace(line); len(line) >= shortest {
				found = append(found, line)
			}
		}
	}
	for _, m := range inputs {
		walk(property.New(m), false, note)
	}
	// The longest first, or one that starts another would uncover its end.
	slices.SortFunc(found, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, secret := range found {
		pairs = append(pairs, secret, "[secret]")
	}
	return context.WithValue(ctx, secretsKey{}, strings.NewReplacer(pairs...))
}

// secretsOf returns what withSecrets noted.
func secretsOf(ctx context.Context) *strings.Replacer {
	if r, ok := ctx.Value(secretsKey{}).(*strings.Replacer); ok {
		return r
	}
	return strings.NewReplacer()
}

// walk calls note with the strings in v that are secret, themselves or by
// what holds them.
func walk(v property.Value, secret bool, note func(string)) {
	secret = secret || v.Secret()
	switch {
	case v.IsString() && secret:
		note(v.AsString())
	case v.IsArray():
		for _, item := range v.AsArray().All {
			walk(item, secret, note)
		}
	case v.IsMap():
		for _, item := range v.AsMap().All {
			walk(item, secret, note)
		}
	}
}
