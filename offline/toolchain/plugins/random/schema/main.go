// Command random writes the random provider's schema and bridge metadata.
package main

import (
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfgen"

	"neurocore.invalid/plugins/random"
)

func main() {
	tfgen.Main("random", random.Info([]byte("{}")))
}
