// Package random maps the Terraform random provider to Pulumi tokens.
package random

import (
	"context"
	"errors"

	pf "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/terraform-providers/terraform-provider-random/shim"
)

// Version is what the Python SDK asks for; the build sets it.
var Version = "0.0.0"

// Info describes the package; metadata is the generated bridge metadata.
func Info(metadata []byte) tfbridge.ProviderInfo {
	p := tfbridge.ProviderInfo{
		P:                pf.ShimProvider(shim.New()),
		Name:             "random",
		Version:          Version,
		UpstreamRepoPath: ".", // no upstream docs
		MetadataInfo:     tfbridge.NewProviderMetadata(metadata),
		Resources: map[string]*tfbridge.ResourceInfo{
			"random_bytes": {ComputeID: func(_ context.Context, s resource.PropertyMap) (resource.ID, error) {
				v := s["base64"]
				if v.IsSecret() {
					v = v.SecretValue().Element
				}
				if !v.IsString() {
					return "", errors.New("random_bytes has no base64 value")
				}
				return resource.ID(v.StringValue()), nil
			}},
		},
		EnableAccurateBridgePreview: true,
		EnableRawStateDelta:         true,
	}
	std := tokens.MakeStandard("random")
	p.MustComputeTokens(tokens.SingleModule("random_", "index", func(mod, name string) (string, error) {
		return std(mod, "Random"+name)
	}))
	p.MustApplyAutoAliases()
	return p
}
