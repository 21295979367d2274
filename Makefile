# Two commands on a fresh machine: `make crawl` and `make test`. Both set themselves up in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(VENV)/bin/python -m pip --quiet --disable-pip-version-check
INSTALLED := $(VENV)/.installed
READY := $(VENV)/.ready
DATA ?= data
CRAWL ?=

.PHONY: crawl test test-fast fuzz chaos bench clean help

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(INSTALLED): pyproject.toml
	@echo "setting up $(VENV), this takes a minute the first time"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@{ $(PIP) install --upgrade "pip>=25.1" && $(PIP) install --editable .; \
	 } > $(VENV)/install.log 2>&1 || { cat $(VENV)/install.log; exit 1; }
	@touch $@

$(READY): $(INSTALLED)
	@echo "fetching what only the tests need"
	@$(PIP) install --editable . --group dev > $(VENV)/install.log 2>&1 || { cat $(VENV)/install.log; exit 1; }
	@touch $@

crawl: $(INSTALLED) ## Crawl the demo web, or SEEDS=urls.txt TOKEN=MyBot CONTACT=... INFO_URL=...
ifdef SEEDS
	@FORBEAR_CRAWLER_PRODUCT_TOKEN="$(or $(TOKEN),$(FORBEAR_CRAWLER_PRODUCT_TOKEN))" \
	 FORBEAR_OPERATOR_CONTACT="$(or $(CONTACT),$(FORBEAR_OPERATOR_CONTACT))" \
	 FORBEAR_CRAWLER_INFO_URL="$(or $(INFO_URL),$(FORBEAR_CRAWLER_INFO_URL))" \
	 $(BIN)/forbear crawl --seeds "$(SEEDS)" --data "$(DATA)" $(CRAWL)
else
	@$(BIN)/forbear crawl --demo $(CRAWL)
endif

test: $(READY) ## Lint, types, import contracts and the whole suite (minutes)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n auto --dist loadfile -q

test-fast: $(READY) ## The suite without its slow tests
	$(BIN)/python -m pytest -n auto --dist loadfile -q -m "not slow"

fuzz: $(READY) ## Property tests with many more examples, then coverage-guided fuzzing of the readers
	HYPOTHESIS_PROFILE=fuzz FORBEAR_FUZZ_EXAMPLES=$(or $(EXAMPLES),5000) \
	 $(BIN)/python -m pytest -n auto tests/property -q
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "atheris>=3,<4" || true
	@$(BIN)/python -c "import atheris" 2>/dev/null || { echo "atheris cannot be installed here: that part is left out"; exit 0; }; \
	 PYTHONPATH=. $(BIN)/python tests/fuzz/fuzz_readers.py -max_total_time=$(or $(FUZZ_SECONDS),300)

chaos: $(READY) ## kill -9 a crawl at random moments, again and again
	FORBEAR_KILLS=$(or $(KILLS),20) $(BIN)/python -m pytest tests/integration/test_kill.py -q -s

bench: $(READY) ## Ratios against plain Scrapy on the same local sites, in one run
	$(BIN)/python -m bench

clean: ## Remove the virtual environment and caches; data stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
