# risk_screen: what a user calls. `make help` lists the targets.
#
# `make demo` and `make check` start from a bare Debian machine: they run
# tools/setup first. Compiling is build.mk's work (PGXS).

## make                     build the extension (needs the server headers)
## make demo                set up, build, private cluster, sample filings, the main job
## make check               set up, build, all tests (under 15 minutes on two cores)
## make check-long          fuzzing and large random campaigns
## make check-versions      all tests on PostgreSQL 15, 16, 17 and 18, in roots of their own (root only)
## make site                the supervision site on the demo's desk, static files in build/site (after make demo; needs npm packages)
## make check-site          the site clicked through in headless Chromium
## make bench               side-by-side measurements against what users would pick instead
## make screen-data DATA=d  the main job on real input in directory d
## make install             install into the server of $PG_CONFIG
## make clean               remove everything built, the private clusters included

.DEFAULT_GOAL := all
.PHONY: all install uninstall clean help setup build demo check check-long check-versions bench screen-data site check-site

build_with = $(MAKE) -s --no-print-directory -f build.mk

all install uninstall:
	@$(build_with) $@

help:
	@sed -n 's/^## //p' Makefile

setup:
	@tools/setup

build: setup
	@echo "compiling the extension"; s=$$(date +%s); $(build_with) all && echo "compiled in $$(( $$(date +%s) - s )) s"

demo: build
	@demo/run

check: build
	@tools/setup --test
	@test/run

check-long: build
	@tools/setup --test
	@test/run --long

site:
	@tools/setup --site
	@examples/site/build

check-site: site
	@tools/setup --browser
	@examples/site/check

bench: build
	@tools/setup --bench
	@bench/run $(BENCH)

check-versions:
	@tools/check-versions

screen-data: build
	@demo/screen-data "$(DATA)"

clean:
	@tools/cluster destroy
	@$(build_with) clean
	@rm -rf build examples/site/node_modules
