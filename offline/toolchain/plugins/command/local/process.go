package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/pulumi/pulumi-go-provider/infer"
)

// grace is how long a stopped command has between SIGTERM and SIGKILL. A
// variable for the tests.
var grace = 5 * time.Second

// Process says how a script is run.
type Process struct {
	Interpreter            *[]string          `pulumi:"interpreter,optional"`
	Dir                    *string            `pulumi:"dir,optional"`
	Environment            *map[string]string `pulumi:"environment,optional"`
	Stdin                  *string            `pulumi:"stdin,optional"`
	Logging                *Logging           `pulumi:"logging,optional"`
	AddPreviousOutputInEnv *bool              `pulumi:"addPreviousOutputInEnv,optional"`
}

// Result is what a run printed.
type Result struct {
	Stdout string `pulumi:"stdout"`
	Stderr string `pulumi:"stderr"`
}

// Logging says which streams are shown while a script runs.
type Logging string

// Values lists the choices; none chosen means both streams.
func (Logging) Values() []infer.EnumValue[Logging] {
	return []infer.EnumValue[Logging]{
		{Name: "stdout", Value: "stdout"},
		{Name: "stderr", Value: "stderr"},
		{Name: "stdoutAndStderr", Value: "stdoutAndStderr"},
		{Name: "none", Value: "none"},
	}
}

// run runs script in a process group of its own, and stops the whole group
// when ctx ends. Errors carry what the script printed; never the script, its
// environment or its input, which may hold secrets.
func (in Process) run(ctx context.Context, script string, previous Result) (Result, error) {
	argv := []string{"/bin/sh", "-c"}
	if in.Interpreter != nil && len(*in.Interpreter) > 0 {
		argv = append([]string{}, *in.Interpreter...)
	}
	argv = append(argv, script)

	logging := Logging("stdoutAndStderr")
	if in.Logging != nil {
		logging = *in.Logging
	}
	out := newOutput(ctx, logging)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = &out.stdout, &out.stderr
	cmd.Env = in.environment(previous)
	if in.Stdin != nil {
		cmd.Stdin = strings.NewReader(*in.Stdin)
	}
	if in.Dir != nil {
		// Otherwise the interpreter would be reported as missing.
		if _, err := os.Stat(*in.Dir); err != nil {
			return Result{}, fmt.Errorf("the command could not be run: %w", err)
		}
		cmd.Dir = *in.Dir
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = grace

	err := cmd.Run()
	out.flush()
	if ctx.Err() != nil && cmd.Process != nil {
		// What outlived SIGTERM, and the grandchildren that ignored it.
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		return Result{}, out.failure("the command was stopped: the operation was cancelled or took too long")
	}
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return Result{}, out.failure(fmt.Sprintf("the command ended with %s", exit.ProcessState))
	case errors.Is(err, exec.ErrWaitDelay):
		// The script ended well and left something running that holds its
		// output open, such as a shared SSH connection: not waited for.
	case err != nil:
		return Result{}, fmt.Errorf("the command could not be run: %w", err)
	}
	return Result{Stdout: out.stdout.String(), Stderr: out.stderr.String()}, nil
}

// environment is this process's, the chosen variables, and what the script
// printed last time, unless that isn't wanted.
func (in Process) environment(previous Result) []string {
	env := os.Environ()
	if in.Environment != nil {
		for name, value := range *in.Environment {
			env = append(env, name+"="+value)
		}
	}
	if in.AddPreviousOutputInEnv == nil || *in.AddPreviousOutputInEnv {
		if previous.Stdout != "" {
			env = append(env, "PULUMI_COMMAND_STDOUT="+previous.Stdout)
		}
		if previous.Stderr != "" {
			env = append(env, "PULUMI_COMMAND_STDERR="+previous.Stderr)
		}
	}
	return env
}
