# One word a job; `make` or `make help` lists them. Every job installs what it needs first and says so.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
.PHONY: help dev kolibri parts demo image image-test serve test renew check fix bench docs translations print pins clean

HUB_DIR ?= .demo/hub
DEMO_HOST ?= 127.0.0.1
DEMO_PORT ?= 8080
# The longest files first: at the end there are short ones for every core.
TIERS := tests/flows tests/e2e tests/contract tests/unit
# The tests start a thousand processes; each would compile anew all that it imports.
unexport PYTHONDONTWRITEBYTECODE
SHELL_SCRIPTS := $(wildcard tools/*.sh) .ci/run $(wildcard image/initramfs/*.sh) image/initramfs/init image/files/usr/bin/hub $(addprefix image/files/usr/lib/hub/,door-config keep-warnings software-trial)
APT := requirements/apt

help: ## list the jobs
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

dev: .venv/made ## make .venv with the commands packs, central and hub
kolibri: .venv-kolibri/made ## make .venv-kolibri with Kolibri, apart from ours

demo: dev kolibri ## the whole way on this machine; DEMO_HOST=0.0.0.0 lets phones in; DEMO_PORT=8080; ONCE=1 ends after the check
	@tools/apt.sh --optional $(APT)-demo.txt
	@.venv/bin/python -m tools.demo --host $(DEMO_HOST) --port $(DEMO_PORT) $(if $(ONCE),--once)

image: dev ## the card's image for all schools, in build/image/out (as root; 20 minutes, the next one 3); FAST=1 compresses little
	@tools/apt.sh $(APT)-image.txt
	@rm -rf build/lib build/image/wheel
	@SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) .venv/bin/pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir build/image/wheel .
	.venv/bin/hub-image build --wheel build/image/wheel/*.whl $(if $(FAST),--fast)

serve: dev ## the portal alone, of the hub in HUB_DIR (default: the demo's)
	@HUB_DIR=$(HUB_DIR) .venv/bin/hub serve

test: dev ## everything that CI runs; T=path K=word runs a slice of the tests, one by one
	@tools/apt.sh $(APT)-demo.txt $(APT)-check.txt $(APT)-test.txt
	@$(MAKE) --jobs=3 --output-sync=target kolibri parts $(if $(T)$(K),,check)
ifneq ($(T)$(K),)
	.venv/bin/pytest $(or $(T),$(TIERS)) $(if $(K),-k '$(K)')
else
	.venv/bin/pytest $(TIERS) -m 'not alone' --numprocesses auto --dist loadfile --no-loadscope-reorder
	.venv/bin/pytest $$(grep -rl --include='*.py' 'mark\.alone' $(TIERS)) -m alone
endif

# What tests take from npm and from Debian's archive, while `check` works.
parts: dev
	@PYTHONPATH=tests .venv/bin/python -m support.browser
	@$(if $(T)$(K),,PYTHONPATH=tests .venv/bin/python -m support.small_card)

image-test: dev ## boot the image in QEMU; HUB_IMAGE=path: another than `make image` left; K=word: a slice
	@tools/apt.sh $(APT)-demo.txt $(APT)-test.txt $(APT)-machines.txt
	.venv/bin/pytest tests/image $(if $(K),-k '$(K)')

renew: dev ## write docs/screens and what screen readers are told anew, for a person to review
	@tools/apt.sh $(APT)-demo.txt $(APT)-test.txt
	@PYTHONPATH=tests .venv/bin/python -m support.browser
	RENEW=1 .venv/bin/pytest tests/e2e/test_stories.py tests/e2e/test_screen_reader.py -k 'not chromium-64'
	RENEW=1 .venv/bin/pytest tests/e2e/test_dashboard.py -k 'every_page and uk and not chromium-64'
	RENEW=1 .venv/bin/pytest tests/e2e/test_signin.py tests/e2e/test_config_page.py -k 'not chromium-64 and (new_hub_ready and not no-scripts or person_fills)'

print: dev ## write the how-tos for paper as PDF to build/print: the card on two pages, learner and teacher on one
	@tools/apt.sh $(APT)-demo.txt $(APT)-test.txt
	@PYTHONPATH=tests .venv/bin/python -m support.browser
	.venv/bin/pytest tests/e2e/test_printed_guides.py

check: dev ## ruff, mypy, import-linter, codespell, shellcheck, and that docs/reference is current
	@tools/apt.sh $(APT)-check.txt
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache
	.venv/bin/codespell
	shellcheck $(SHELL_SCRIPTS)
	.venv/bin/python -m tools.reference --check

fix: dev ## what ruff and codespell can put right by themselves
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .
	.venv/bin/codespell --write-changes

bench: dev kolibri ## our numbers beside those of rsync, nginx, kiwix-serve and Kolibri; QUICK=1, ONLY=sync|fleet|bulk|serving|first-view|search-quality
	@tools/apt.sh $(APT)-demo.txt $(APT)-bench.txt
	PYTHONPATH=tests .venv/bin/python -m bench $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY))

docs: dev ## write docs/reference from the code
	.venv/bin/python -m tools.reference

translations: dev ## gather the texts of the code into the catalogues and compile them; tells what lacks a translation
	.venv/bin/python -m tools.translations
	.venv/bin/python -m tools.office_translations

pins: dev ## pin the dependencies again, after a change of pyproject.toml or requirements/*.in
	tools/pins.sh

clean: ## remove everything that these jobs made in this folder
	rm -rf .venv .venv-kolibri .demo .mypy_cache .ruff_cache .hypothesis bench-results build *.egg-info

.venv/made: requirements/hub.txt requirements/dev.txt pyproject.toml
	@tools/venv.sh .venv requirements/hub.txt requirements/dev.txt
	@PYTHONWARNINGS=ignore .venv/bin/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

.venv-kolibri/made: requirements/kolibri.txt
	@tools/venv.sh .venv-kolibri requirements/kolibri.txt
	@touch $@
