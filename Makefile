# The commands of this project; `make help` lists them. Paths are relative: the tree may lie anywhere.

PYTHON ?= python3
VENV := .venv/bin/python
# Servers of their own for one command, gone afterwards.
EXEC := $(VENV) -m project.stack exec
BENCHMARKS := stack upload pipeline prepare speech_local
BROWSERS := chromium chromium-browser google-chrome google-chrome-stable

# Enough for Django to start where a command asks no server, and what `check --deploy` expects of production.
OFFLINE := DJANGO_SETTINGS_MODULE=project.settings_test
PRODUCTION := DJANGO_SETTINGS_MODULE=project.settings HTTPS=true DEBUG=false ALLOWED_HOSTS=vox.example.org \
	PUBLIC_URL=https://vox.example.org
LOCK := .venv/bin/python -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header

.DEFAULT_GOAL := help
.PHONY: help run test check lint types contracts migrations deploy schema bench lock runtime development browser

help:
	@echo "make run    start everything: http://127.0.0.1:8000 (PORT, FLOWER_PORT, VOX_HOME put it elsewhere)"
	@echo "make test   run all tests beside throw-away servers (PYTEST_ADDOPTS adds options of pytest)"
	@echo "make check  what CI runs: lint, types, contracts, migrations, deploy check, tests"
	@echo "make bench  run the benchmarks"
	@echo "make lock   resolve requirements/*.in anew, with hashes"

# With `exec` the program itself is make's child, and hears what happens to make.
run: runtime
	@exec $(VENV) -m project.stack run

test: development browser
	@exec $(EXEC) -- $(VENV) -m pytest -n 2 --dist loadgroup tests

check: lint types contracts migrations deploy schema test

lint: development
	$(VENV) -m ruff check .
	$(VENV) -m ruff format --check .

types: development
	$(VENV) -m mypy

contracts: development
	$(VENV) -c "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"

migrations: development
	$(OFFLINE) $(VENV) manage.py check --fail-level WARNING
	$(OFFLINE) $(EXEC) -- $(VENV) manage.py makemigrations --check --dry-run

deploy: development
	$(PRODUCTION) $(EXEC) -- $(VENV) manage.py check --deploy --fail-level WARNING

schema: development
	$(OFFLINE) $(VENV) manage.py spectacular --validate --fail-on-warn --file /dev/null

bench: development
	@for name in $(BENCHMARKS); do echo; echo "== benchmarks.$$name"; \
		$(EXEC) --fsync -- $(VENV) -m benchmarks.$$name || exit 1; done

lock: development
	$(LOCK) requirements/base.in -o requirements/base.txt
	$(LOCK) requirements/embedded.in -o requirements/embedded.txt
	$(LOCK) requirements/dev.in -o requirements/dev.txt

runtime:
	@$(PYTHON) project/stack/install.py embedded

development:
	@$(PYTHON) project/stack/install.py dev

browser:
	@for name in $(BROWSERS); do command -v $$name >/dev/null 2>&1 && exit 0; done; \
	echo; echo "*** NO CHROMIUM FOUND: the browser tests will be skipped. Install chromium to run them. ***"; echo
