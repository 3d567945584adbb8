// Command pulumi-resource-command runs commands on this machine as Pulumi
// resources: the part of Pulumi's command provider that Neurocore uses.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"neurocore.invalid/plugins/command/local"
)

// version is what the Python SDK asks for; the build sets it.
var version = "0.0.0"

func main() {
	// The engine ends a plugin with SIGINT. The commands that still run must
	// end with it.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	provider, err := local.Provider(ctx)
	if err == nil {
		err = provider.Run(ctx, "command", version)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
