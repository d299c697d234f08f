# The two commands of a fresh machine: `make demo` and `make test`. Both make .venv first.
PYTHON ?= python3
# Another PyTorch build: make demo TORCH='torch==2.13.0+cpu' (pip must know an index that has it)
TORCH ?= torch==2.13.0
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test quality setup clean

demo: $(VENV)/.ready
	$(BIN)/edge-sast demo

test: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 --dist loadfile

# Long checks: the C fuzzed for minutes, hundreds of models on an emulated AVR, a sweep's journal cut at every byte,
# deviations that no longer occur.
quality: $(VENV)/.ready-dev
	$(BIN)/python -m pytest -m quality

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt '$(TORCH)' -e '.[train,digits,emulator]'
	touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[train,triton,digits,tonic,sweep,plots,hil,emulator,boards,dev]'
	touch $@

clean:
	rm -rf $(VENV) edge-sast-demo build runs
