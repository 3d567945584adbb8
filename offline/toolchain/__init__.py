"""Pulumi's engine, its Python language host and the providers, built from Go modules: for networks without get.pulumi.com."""
