package local

import (
	"context"

	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Command is the resource command:local:Command.
type Command struct{}

// CommandArgs are its inputs: a script for each moment of its life. A changed
// trigger replaces the resource.
type CommandArgs struct {
	Process
	Create   *string `pulumi:"create,optional"`
	Update   *string `pulumi:"update,optional"`
	Delete   *string `pulumi:"delete,optional"`
	Triggers *[]any  `pulumi:"triggers,optional" provider:"replaceOnChanges"`
}

// CommandState is what is kept of it.
type CommandState struct {
	CommandArgs
	Result
}

// Create runs the create script.
func (*Command) Create(ctx context.Context, req infer.CreateRequest[CommandArgs]) (
	resp infer.CreateResponse[CommandState], err error,
) {
	resp.Output.CommandArgs = req.Inputs
	if resp.ID, err = resource.NewUniqueHex(req.Name, 8, 0); err != nil || req.DryRun || req.Inputs.Create == nil {
		return resp, err
	}
	resp.Output.Result, err = req.Inputs.run(ctx, *req.Inputs.Create, Result{})
	return resp, err
}

// Update runs the update script, or without one the create script.
func (*Command) Update(ctx context.Context, req infer.UpdateRequest[CommandArgs, CommandState]) (
	resp infer.UpdateResponse[CommandState], err error,
) {
	resp.Output = CommandState{CommandArgs: req.Inputs, Result: req.State.Result}
	script := req.Inputs.Update
	if script == nil {
		script = req.Inputs.Create
	}
	if script == nil || req.DryRun {
		return resp, nil
	}
	resp.Output.Result, err = req.Inputs.run(ctx, *script, req.State.Result)
	return resp, err
}

// Delete runs the delete script as the state has it.
func (*Command) Delete(ctx context.Context, req infer.DeleteRequest[CommandState]) (infer.DeleteResponse, error) {
	if req.State.Delete == nil {
		return infer.DeleteResponse{}, nil
	}
	_, err := req.State.run(ctx, *req.State.Delete, req.State.Result)
	return infer.DeleteResponse{}, err
}

// WireDependencies makes what a command printed a secret when what it ran
// with was one; every other field is as secret as the input it repeats.
func (*Command) WireDependencies(f infer.FieldSelector, in *CommandArgs, out *CommandState) {
	repeat := func(from, to any) { f.OutputField(to).DependsOn(f.InputField(from).Secret()) }
	repeat(&in.Create, &out.Create)
	repeat(&in.Update, &out.Update)
	repeat(&in.Delete, &out.Delete)
	repeat(&in.Triggers, &out.Triggers)
	repeat(&in.Interpreter, &out.Interpreter)
	repeat(&in.Dir, &out.Dir)
	repeat(&in.Environment, &out.Environment)
	repeat(&in.Stdin, &out.Stdin)
	repeat(&in.Logging, &out.Logging)
	repeat(&in.AddPreviousOutputInEnv, &out.AddPreviousOutputInEnv)
	for _, from := range []any{&in.Create, &in.Update, &in.Environment, &in.Stdin} {
		repeat(from, &out.Stdout)
		repeat(from, &out.Stderr)
	}
}

// Run is the function command:local:run.
type Run struct{}

// RunArgs are its inputs.
type RunArgs struct {
	Process
	Command string `pulumi:"command"`
}

// RunResult is what it returns.
type RunResult struct {
	RunArgs
	Result
}

// Invoke runs the command.
func (*Run) Invoke(ctx context.Context, req infer.FunctionRequest[RunArgs]) (
	resp infer.FunctionResponse[RunResult], err error,
) {
	resp.Output.RunArgs = req.Input
	resp.Output.Result, err = req.Input.run(ctx, req.Input.Command, Result{})
	return resp, err
}
