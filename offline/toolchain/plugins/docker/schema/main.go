// Command docker writes the docker provider's schema and bridge metadata.
package main

import (
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfgen"

	"neurocore.invalid/plugins/docker"
)

func main() {
	tfgen.Main("docker", docker.Version, docker.Info([]byte("{}")))
}
