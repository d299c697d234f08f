# The two commands of a fresh machine: `make demo` and `make test`. Both make .venv first, as `make docs` does.
PYTHON ?= python3
# Another PyTorch build: make demo TORCH='torch==2.13.0+cpu' (pip must know an index that has it)
TORCH ?= torch==2.13.0
VENV := .venv
BIN := $(VENV)/bin

# Tests that wait for boards, simulators and signals leave a processor idle: one process more than there are, 8 at most.
WORKERS = $(shell $(PYTHON) -c 'import os; print(min(os.cpu_count() or 1, 7) + 1)')

# A test that hangs says where, and fails; the slowest takes a fifth of it. Long checks may take longer.
HANGS := -o faulthandler_timeout=900 -o faulthandler_exit_on_timeout=true

.PHONY: demo test quality docs setup clean

demo: $(VENV)/.ready
	$(BIN)/edge-sast demo

test: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(HANGS)

# Long checks: the C fuzzed for minutes, hundreds of models on an emulated AVR, a hundred faults planted in the Verilog,
# hundreds of models in its simulators, a sweep's journal cut at every byte, deviations that no longer occur.
quality: $(VENV)/.ready-fpga
	$(BIN)/python -m pytest -m quality

# The pages as a site, in site/: a warning, such as a link that leads nowhere, is an error.
docs: $(VENV)/.ready-docs
	$(BIN)/sphinx-build -E -W --keep-going -q -c docs -d $(VENV)/doctrees . site

setup: $(VENV)/.ready

# Modules are compiled when they are first imported: of those that pip would compile, most never are. Where an environment
# forbids to keep what was compiled, each of a thousand processes would compile PyTorch anew.
unexport PYTHONDONTWRITEBYTECODE
PIP := $(BIN)/python -m pip install -q --no-compile --disable-pip-version-check -c constraints.txt '$(TORCH)'

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e '.[train,digits,emulator]'
	touch $@

$(VENV)/.ready-dev: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e '.[train,triton,digits,tonic,sweep,plots,hdf5,aedat4,hil,emulator,boards,completion,dev,docs]'
	touch $(VENV)/.ready $(VENV)/.ready-docs $@

$(VENV)/.ready-docs: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e '.[train,docs]'
	touch $@

# Tools of other FPGAs than iCE40's: 640 MB, compiled when they first run, which takes minutes.
$(VENV)/.ready-fpga: $(VENV)/.ready-dev
	$(PIP) -e '.[fpga]'
	touch $@

clean:
	rm -rf $(VENV) edge-sast-demo build runs site examples-out
