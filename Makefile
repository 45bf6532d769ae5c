# make help shows what there is.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
CONSTRAINTS ?= constraints.txt
JOBS ?= auto
PIP = $(VENV)/bin/python -m pip --disable-pip-version-check -q
RUN = $(VENV)/bin/python -m
SOURCES = trashseg hydra_plugins tests benchmarks
DEMO = outputs/quickstart
STAMP := $(shell date +%Y-%m-%d_%H-%M-%S)
DEMO_RUN = $(DEMO)/$(STAMP)

.DEFAULT_GOAL := help
.PHONY: help setup train test check format bench clean

help: ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## (.*)/  make \1\t\2/' | expand -t 16

# One stamp an extra: the environment is made once and again when its files change.
$(VENV)/.has-%: pyproject.toml $(CONSTRAINTS) constraints-common.txt
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) (first time: about 5 GB, a few minutes) ..."
	@$(PIP) install -c $(CONSTRAINTS) -e '.[$*]'
	@touch $@

setup: $(VENV)/.has-pretrained ## make .venv with everything that training needs

train: setup ## train, evaluate, predict and submit on generated scenes: five minutes, nothing else needed
	@TRASHSEG_SYNTHETIC=$(DEMO)/data; export TRASHSEG_SYNTHETIC; set -e; \
	$(RUN) trashseg.train experiment=quickstart hydra.run.dir=$(DEMO_RUN)/train; \
	echo; echo "== evaluate"; $(RUN) trashseg.evaluate ckpt_path=$(DEMO_RUN)/train/checkpoints/best.ckpt hydra.run.dir=$(DEMO_RUN)/evaluate; \
	echo; echo "== predict"; $(RUN) trashseg.predict ckpt_path=$(DEMO_RUN)/train/checkpoints/best.ckpt source=$(DEMO)/data/test.json hydra.run.dir=$(DEMO_RUN)/predict; \
	echo; echo "== submit"; $(RUN) trashseg.submit ckpt_path=$(DEMO_RUN)/train/checkpoints/best.ckpt hydra.run.dir=$(DEMO_RUN)/submit; \
	echo; echo "Look at   $(DEMO_RUN)/train/pictures/       predictions beside the truth, epoch by epoch"; \
	echo "          $(DEMO_RUN)/evaluate/worst.png    the photographs with the lowest score"; \
	echo "          $(DEMO_RUN)/evaluate/confusion.png"; \
	echo "          $(DEMO_RUN)/predict/overlays/     unlabelled photographs"; \
	echo "          $(DEMO_RUN)/submit/submission.csv"; \
	echo "Next      . $(VENV)/bin/activate"; \
	echo "          trashseg check data.root=FOLDER                                  # your own data"; \
	echo "          trashseg train model=unet_lite0 aug=strong data.root=FOLDER      # a small network on them"; \
	echo "          trashseg train --help                                            # everything there is to choose"

test: $(VENV)/.has-test ## run the tests, installing what they need
	OMP_NUM_THREADS=1 $(RUN) pytest -q -n $(JOBS) --dist worksteal

check: $(VENV)/.has-test $(VENV)/.has-check ## ruff, mypy strict, import-linter
	$(RUN) ruff check $(SOURCES)
	$(RUN) ruff format --check $(SOURCES)
	$(RUN) mypy
	$(VENV)/bin/lint-imports

format: $(VENV)/.has-check ## put the sources into ruff's form
	$(RUN) ruff check --fix $(SOURCES)
	$(RUN) ruff format $(SOURCES)

bench: $(VENV)/.has-pretrained $(VENV)/.has-bench ## print every speed claim beside its baseline
	@for script in benchmarks/[a-z]*.py; do echo "== $$script"; OMP_NUM_THREADS=1 $(VENV)/bin/python $$script || exit 1; done

clean: ## remove caches and what was built (not .venv, not outputs)
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage *.egg-info
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +
