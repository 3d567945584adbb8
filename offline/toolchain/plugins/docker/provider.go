// Package docker maps the Terraform docker provider to Pulumi tokens.
package docker

import (
	"context"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
	sdkv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	ptokens "github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/terraform-providers/terraform-provider-docker/shim"
)

// Version is what the Python SDK asks for; the build sets it.
var Version = "0.0.0"

// Info describes the package; metadata is the generated bridge metadata.
func Info(metadata []byte) tfbridge.ProviderInfo {
	std := tokens.MakeStandard("docker")
	res := func(name string) ptokens.Type {
		t, err := std("index", name)
		if err != nil {
			panic(err)
		}
		return ptokens.Type(t)
	}
	fun := func(name string) ptokens.ModuleMember {
		return ptokens.ModuleMember("docker:index/" + name + ":" + name)
	}
	p := tfbridge.ProviderInfo{
		P:                sdkv2.NewProvider(shim.New()),
		Name:             "docker",
		Version:          Version,
		GitHubOrg:        "kreuzwerker",
		UpstreamRepoPath: ".", // no upstream docs
		MetadataInfo:     tfbridge.NewProviderMetadata(metadata),
		Config: map[string]*tfbridge.SchemaInfo{
			"host": {Default: &tfbridge.DefaultInfo{
				EnvVars: []string{"DOCKER_HOST"},
				ComputeDefault: func(context.Context, tfbridge.ComputeDefaultOptions) (any, error) {
					return "unix:///var/run/docker.sock", nil
				},
			}},
			"registry_auth": {Name: "registryAuth", MaxItemsOne: tfbridge.False()},
		},
		Resources: map[string]*tfbridge.ResourceInfo{
			"docker_config": {Tok: res("ServiceConfig")},
			"docker_container": {
				Tok:                 res("Container"),
				DeleteBeforeReplace: true, // names and ports are exclusive
				Fields: map[string]*tfbridge.SchemaInfo{
					"command":           {Name: "command"},
					"networks_advanced": {Name: "networksAdvanced"},
				},
			},
			"docker_image": {
				Tok:    res("RemoteImage"),
				Fields: map[string]*tfbridge.SchemaInfo{"name": {Name: "name"}},
			},
		},
		DataSources: map[string]*tfbridge.DataSourceInfo{
			"docker_image": {Tok: fun("getRemoteImage")},
		},
	}
	p.MustComputeTokens(tokens.SingleModule("docker_", "index", std))
	p.MustApplyAutoAliases()
	p.SetAutonaming(255, "-")
	return p
}
