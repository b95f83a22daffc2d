# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# Everything is done by tests/tools/dev, which finds Python, builds the virtual
# environments in .venv and installs missing Debian packages as it needs them.
#   PYTHON=/path/to/python3.13   the interpreter to use instead of the best one found
#   ARGS='-k memory -x'          more words for pytest or molecule

DEV := tests/tools/dev
export PYTHON ARGS

.DEFAULT_GOAL := help
.PHONY: help quickstart quickstart-clean lab lab-ha lab-down lab-env lab-shell bootstrap test test-quick \
	test-unit test-integration test-shipped test-molecule test-lab test-lab-shipped bench test-takeover test-ha test-sanity lint docs build format changelog lock upgrade clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

quickstart: ## Set everything up and run a first container on the local Docker Engine
	@$(DEV) quickstart

quickstart-clean: ## Remove what the quickstart made
	@$(DEV) quickstart-clean

lab: ## Raise the lab, a Zun cloud in containers on this machine, or go on raising it
	@$(DEV) lab

lab-ha: ## The same with Zun on three nodes behind two load balancers; a lab that is there grows
	@$(DEV) lab-ha

lab-down: ## Remove the lab
	@$(DEV) lab-down

lab-env: ## Print its credentials, for eval "$$(make --silent lab-env)"
	@$(DEV) lab-env

lab-shell: ## Open a shell with the OpenStack client ready for the lab
	@$(DEV) lab-shell

bootstrap: ## Build the virtual environment for daily work, .venv/core-*
	@$(DEV) bootstrap

test: ## Run the tests and checks that a change must pass; ends with their counts
	@$(DEV) test

test-quick: ## Run the linters, the unit tests and the tests against a Docker Engine
	@$(DEV) test lint unit integration

test-unit: ## Run the unit tests on each ansible-core version
	@$(DEV) test unit

test-integration: ## Run the tests against a Docker Engine
	@$(DEV) test integration

test-shipped: ## Run the same with modules shipped as to another host
	@$(DEV) test shipped

test-molecule: ## Run the tests of the roles on systemd nodes
	@$(DEV) test molecule molecule-clusters

test-lab: ## Run the tests against a Zun cloud, raised for them unless it is there
	@$(DEV) test lab

test-lab-shipped: ## Run the same with modules shipped as to another host
	@$(DEV) test lab-shipped

bench: ## Measure speed beside other modules, the client and the requests alone, on the lab
	@$(DEV) bench

test-takeover: ## Take a compute of the lab over that looks as kolla-ansible leaves it
	@$(DEV) test takeover

test-ha: ## Raise the highly available lab, break it in every way it has to survive, and print what was measured
	@$(DEV) test ha-full

test-sanity: ## Run ansible-test sanity on each ansible-core version
	@$(DEV) test sanity

lint: ## Run the linters, type checks, licence checks and the build check
	@$(DEV) test lint

docs: ## Check and render the documentation; warnings are errors
	@$(DEV) test docs

build: ## Build the collection's tarball in .cache/dist
	@$(DEV) build

format: ## Rewrite the Python files in the project's style
	@$(DEV) format

changelog: ## Move the fragments into CHANGELOG.md, under the version in galaxy.yml
	@$(DEV) changelog

lock: ## Write the lock files in tests/requirements after a change of their *.in
	@$(DEV) lock

upgrade: ## The same with the newest versions that fit
	@$(DEV) lock --upgrade

clean: ## Remove environments, caches and built files
	rm -rf .venv .cache collections .ansible .mypy_cache .ruff_cache .pytest_cache .hypothesis tests/output
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
