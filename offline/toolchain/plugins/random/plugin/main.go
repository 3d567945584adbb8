// Command pulumi-resource-random is the random provider plugin.
package main

import (
	"context"
	_ "embed"

	pf "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"

	"neurocore.invalid/plugins/random"
)

//go:embed schema.json
var schema []byte

//go:embed bridge-metadata.json
var metadata []byte

func main() {
	pf.Main(context.Background(), "random", random.Info(metadata),
		pf.ProviderMetadata{PackageSchema: schema, BridgeMetadata: metadata})
}
