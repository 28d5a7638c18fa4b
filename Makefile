# Everything a newcomer needs: `make demo` to try it, `make test` to trust it, `make check` before a commit.
PY ?= python3
PORT ?= 8000
# How many processes share the tests: as many as there are processors.
WORKERS ?= auto
UV := .tools/bin/uv
BIN := .venv/bin
# Trust whom this machine trusts, as pip does: some networks have an authority of their own.
export UV_SYSTEM_CERTS ?= 1

.PHONY: setup demo test crash chaos check bench lock format pictures clean

# uv is unpacked beside the project: that needs neither a venv module nor root.
$(UV): requirements/uv.txt
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Milepost needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another one with PY=.")'
	@echo "Fetching the installer ..."
	@$(PY) -m pip install -q --require-hashes --no-deps --target .tools --upgrade -r requirements/uv.txt
	@touch $@

.venv/.demo: requirements/demo.txt $(UV)
	@echo "Installing what the demo needs into .venv ..."
	@$(UV) venv -q --allow-existing --python $(PY) .venv
	@$(UV) pip install -q --require-hashes --no-build --python .venv -r $<
	@touch $@

.venv/.dev: requirements/dev.txt .venv/.demo
	@echo "Installing what the tests and checks need ..."
	@$(UV) pip install -q --require-hashes --no-build --python .venv -r $<
	@touch $@

setup: .venv/.dev

# exec: whoever stops make stops the supervisor, with no shell in between to be orphaned by.
demo: .venv/.demo
	@exec env PORT=$(PORT) RESET=$(RESET) $(BIN)/python manage.py demo

test: .venv/.dev
	@$(BIN)/python assets/build.py
	@$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

# Every deed is cut short at each of its points, or at CASES=3 of them; the suite plays a part.
CASES ?= all
crash: .venv/.dev
	@CRASH_CASES=$(CASES) $(BIN)/python -m pytest -n0 -q tests/crash $(ARGS)

# Everything breaks while people trade: SEED=7 plays one seed, SEEDS=10 the first ten, in about ten
# minutes on two processors; SEEDS=200 is the run on the bench, for hours.
SEEDS ?= 3
chaos: .venv/.demo
	@exec $(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED),--seeds $(SEEDS)) $(ARGS)

# What an operator would set; only so that `check --deploy` has something to judge.
PRODUCTION := SANDBOX=0 SITE_URL=https://milepost.example ALLOWED_HOSTS=milepost.example \
  SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_hex(40))') \
  SIGNING_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_hex(32))') \
  STRIPE_SECRET_KEY=sk_live_checked STRIPE_WEBHOOK_SECRET=whsec_checked

# Needs no database. The rules are in pyproject.toml.
check: .venv/.dev
	@echo "format ..."     && $(BIN)/ruff format -q --check .
	@echo "lint ..."       && $(BIN)/ruff check -q .
	@echo "types ..."      && SANDBOX=1 $(BIN)/mypy --no-error-summary
	@echo "templates ..."  && $(BIN)/djlint --lint --quiet templates
	@echo "contracts ..."  && $(BIN)/lint-imports --no-logo
	@echo "migrations ..." && SANDBOX=1 $(BIN)/python -W ignore manage.py makemigrations --check --dry-run
	@echo "settings ..."   && env $(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING
	@echo "API ..."        && SANDBOX=1 $(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null
	@echo "All is well."

format: .venv/.dev
	@$(BIN)/ruff check -q --fix . ; $(BIN)/ruff format -q .

bench: .venv/.dev .venv-bench/.others
	@$(BIN)/python -m bench $(ARGS)

# What `make bench` compares with, apart from the product: one of them is built from its source.
.venv-bench/.others: requirements/bench.txt $(UV)
	@$(UV) venv -q --allow-existing --python $(PY) .venv-bench
	@$(UV) pip install -q --require-hashes --python .venv-bench -r $<
	@touch $@

# The pictures of the README, taken from a demo that is running in this checkout.
pictures: .venv/.dev
	@$(BIN)/python manage.py pictures

clean:
	rm -rf .venv .venv-bench .tools .data .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis \
	  static/build staticfiles

lock: $(UV)
	@for n in uv runtime build demo dev bench; do $(UV) pip compile -q --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --no-annotate requirements/$$n.in -o requirements/$$n.txt || exit 1; done
