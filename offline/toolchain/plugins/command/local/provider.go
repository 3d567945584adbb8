// Package local runs commands on this machine. The package's name is the
// module of its tokens: command:local:Command, command:local:run.
package local

import (
	"context"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// Provider returns the command provider. When life ends, running commands are
// stopped, as they are when the engine cancels or goes away.
func Provider(life context.Context) (p.Provider, error) {
	provider, err := infer.NewProviderBuilder().
		WithResources(infer.Resource(&Command{})).
		WithFunctions(infer.Function(&Run{})).
		Build()
	return withContext(provider, life), err
}

// withContext gives every operation a context that knows its secrets and ends
// with life.
func withContext(provider p.Provider, life context.Context) p.Provider {
	prepare := func(ctx context.Context, inputs ...property.Map) (context.Context, func()) {
		ctx, cancel := context.WithCancel(withSecrets(ctx, inputs...))
		stop := context.AfterFunc(life, cancel)
		return ctx, func() { stop(); cancel() }
	}
	wrapped := provider
	wrapped.Create = func(ctx context.Context, req p.CreateRequest) (p.CreateResponse, error) {
		ctx, done := prepare(ctx, req.Properties)
		defer done()
		return provider.Create(ctx, req)
	}
	wrapped.Update = func(ctx context.Context, req p.UpdateRequest) (p.UpdateResponse, error) {
		ctx, done := prepare(ctx, req.Inputs, req.State)
		defer done()
		return provider.Update(ctx, req)
	}
	wrapped.Delete = func(ctx context.Context, req p.DeleteRequest) error {
		ctx, done := prepare(ctx, req.Properties)
		defer done()
		return provider.Delete(ctx, req)
	}
	wrapped.Invoke = func(ctx context.Context, req p.InvokeRequest) (p.InvokeResponse, error) {
		ctx, done := prepare(ctx, req.Args)
		defer done()
		return provider.Invoke(ctx, req)
	}
	return wrapped
}
