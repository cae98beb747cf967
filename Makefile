# make run    set up what is missing and start a node with its data in ./data
# make test   set up what is missing and run the whole suite
# make unit   its fast part, with coverage of the core; make test-long: with far more examples
# make check  lint, types and layers; make format mends what a program can mend
# make package       build the program and its Debian package below build/ (docs/operations.md)
# make test-package  build, then walk through with what was built; make test-system: as a service
# make test-modules  the tests with the versions that a Pi Zero gets, in a Debian 13; asks for root
# make test-image    build the image of a card and boot it in QEMU (docs/firmware.md); asks for root
# make test-power    pull the plug of that board while it writes, 50 times
# make lock   renew the locked dependencies from pyproject.toml

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
DEV_READY := $(VENV)/ready-dev
DATA ?= ./data
PORT ?= 8001
WORKERS ?= auto

ARCHITECTURE = $(shell dpkg --print-architecture)

.PHONY: run test unit test-long check format package test-package test-system \
	test-modules test-image test-power lock clean

run: $(READY)
	@packaging/setup system
	@$(BIN)/unibos --data $(DATA) serve --role node --port $(PORT)

# The tests of a file share a server, so one worker runs them all.
test: $(DEV_READY)
	@packaging/setup system
	@packaging/setup tests
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile $(ARGS)

# The part without real processes, real OCR and killed servers; coverage of the core is its measure.
unit: $(DEV_READY)
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile -m "not e2e and not fault" --cov --cov-report= $(ARGS)
	@$(BIN)/coverage report --include 'unibos/core/*' --fail-under 95 --skip-covered

test-long: $(DEV_READY)
	@packaging/setup tests
	@HYPOTHESIS_PROFILE=long $(BIN)/pytest -n $(WORKERS) --dist loadfile $(ARGS)

check: $(DEV_READY)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(DEV_READY)
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

$(READY): requirements.lock pyproject.toml packaging/setup
	@packaging/setup python $(PYTHON) $(VENV) requirements.lock
	@touch $@

$(DEV_READY): requirements-dev.lock pyproject.toml packaging/setup
	@packaging/setup python $(PYTHON) $(VENV) requirements-dev.lock
	@touch $@ $(READY)

package:
	@packaging/build $(ARGS)

# Two builds take minutes, so this is no part of `make test`.
test-package: $(DEV_READY)
	@packaging/setup system
	@packaging/build --twice
	@UNIBOS_BUILT=$(CURDIR)/build/$(ARCHITECTURE) $(BIN)/pytest tests/packaging -n $(WORKERS) $(ARGS)

# Boots Debian in a container, so this asks for root.
test-system: $(DEV_READY)
	@packaging/setup system-tests
	@test -e build/$(ARCHITECTURE)/checksums.sha256 || packaging/build
	@UNIBOS_BUILT=$(CURDIR)/build/$(ARCHITECTURE) $(BIN)/pytest tests/system $(ARGS)

# The modules that armel carries, tested on this machine; asks for root.
test-modules:
	@packaging/test-modules -m "not e2e and not fault" $(ARGS)

# Minutes, so this is no part of `make test`; DEB is a package for arm64.
DEB ?= $(firstword $(wildcard build/arm64/*.deb))
test-image:
	@test -n "$(DEB)" || { echo "Build a package for arm64 first (docs/operations.md), or say DEB=…"; exit 1; }
	@firmware/test-boot --deb $(DEB) $(ARGS)

# An hour and more; the image is the one that test-image made.
test-power:
	@firmware/test-power --cuts 50 $(ARGS)

# Nobody publishes these for 32-bit ARM, and Debian has them too old or not at all.
ARMHF_WITHOUT := pillow-heif uvloop
ARMEL_WITHOUT := $(ARMHF_WITHOUT) pypdfium2
ARMEL_DEBIAN := $(shell sed -n 's/[=>]=.*//p' packaging/armel.in)
# Without its extra a pin does not hold where a newer version exists: coverage[toml] is another
# requirement than coverage.
COMPILE = $(BIN)/pip-compile --quiet --no-strip-extras --generate-hashes --no-emit-index-url \
	--no-emit-find-links --no-emit-trusted-host --no-emit-options

lock: $(DEV_READY)
	@$(COMPILE) --allow-unsafe --build-deps-for editable --upgrade \
		--output-file requirements.lock pyproject.toml
	@$(COMPILE) --allow-unsafe --build-deps-for editable --extra dev \
		--constraint requirements.lock --output-file requirements-dev.lock pyproject.toml
	@$(COMPILE) --allow-unsafe --upgrade \
		--constraint requirements.lock --output-file packaging/requirements.lock packaging/requirements.in
	@$(COMPILE) $(ARMHF_WITHOUT:%=--unsafe-package %) --constraint requirements.lock \
		--output-file packaging/armhf.lock pyproject.toml
	@$(COMPILE) $(patsubst %,--unsafe-package %,$(ARMEL_WITHOUT) $(ARMEL_DEBIAN)) --upgrade \
		--constraint packaging/armel.in --output-file packaging/armel.lock pyproject.toml
	@$(COMPILE) $(patsubst %,--unsafe-package %,$(ARMEL_WITHOUT) $(ARMEL_DEBIAN)) --extra dev \
		--constraint packaging/armel.in --constraint packaging/armel.lock \
		--output-file packaging/armel-dev.lock pyproject.toml

clean:
	@rm -rf $(VENV) build dist .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache
