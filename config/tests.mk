# Test programs: one for each tests/<folder>/test_*.c, and one for each tests/fuzz/fuzz_*.c.
# SUITE=long takes tests/long; otherwise everything else. ONLY filters by path.

suite_filter = $(if $(filter long,$(SUITE)),$(filter tests/long/%,$(1)),$(filter-out tests/long/%,$(1)))
only_filter  = $(foreach t,$(1),$(if $(ONLY),$(if $(findstring $(ONLY),$(t)),$(t)),$(t)))
chosen       = $(sort $(call only_filter,$(call suite_filter,$(1))))

test_sources   := $(call chosen,$(wildcard tests/*/test_*.c) $(wildcard tests/fuzz/fuzz_*.c))
test_binaries  := $(patsubst %.c,$(B)/%,$(test_sources))
test_scripts   := $(call chosen,$(wildcard tests/*/test_*.py tests/*/test_*.sh) $(if $(filter long,$(SUITE)),\
	$(shell find tests/long -maxdepth 1 -type f -perm -u+x 2>/dev/null)))

.PHONY: test-programs run-tests fuzzers
# Scripts look at the products, of this variant and (tests/build) of the release.
test-programs: $(test_binaries) $(if $(test_scripts),$(products) $(if $(filter tests/build/%,$(test_scripts)),release-products))
	@:
.PHONY: release-products
release-products:
ifneq ($(VARIANT),release)
	+@tools/one-at-a-time.sh build/.lock-release $(MAKE) --no-print-directory -f config/build.mk VARIANT=release NOTE=release products
endif

run-tests:
	@VELUM_BUILD=$(CURDIR)/$(B) VELUM_TOP=$(CURDIR) VELUM_VARIANT=$(VARIANT) CC='$(CC)' \
	  tools/run-tests.sh $(test_binaries) $(test_scripts)

# A test links with its folder and the rows below, so that a break elsewhere does not stop it;
# tests of no single folder link with everything. Helpers are the other .c files beside the test,
# and tests/support/.
support_objects := $(call object,$(wildcard tests/support/*.c))
everything := courier cli gateway crm $(library_folders)
below = $(or $(below_$(1)),$(everything))
helpers = $(call object,$(filter-out tests/$(1)/test_% tests/$(1)/fuzz_%,$(wildcard tests/$(1)/*.c)))
archives = $(foreach f,$(call below,$(1)),$(call archive_of,$(f)))
links_sqlcipher = $(if $(filter store,$(call below,$(1))),$(if $(store_sources),$(sqlcipher_object)))

define test_folder
$(patsubst %.c,$(B)/%,$(wildcard tests/$(1)/test_*.c)): $(B)/%: $(B)/%.o $(call helpers,$(1)) $(support_objects) \
		$(call archives,$(1)) $(call links_sqlcipher,$(1)) $(jansson)
	$$(call say,LD $$@)
	$$(Q)$$(CC) $$(PROGRAM_LDFLAGS) -o $$@ $$^ $$(static_libs) -lcmocka -lmicrohttpd -lcurl
endef
$(foreach f,$(sort $(patsubst tests/%/,%,$(dir $(wildcard tests/*/test_*.c)))),$(eval $(call test_folder,$(f))))

# --- Fuzz targets: replay and bounded mutation here, libFuzzer in the variant `fuzz` -------------
fuzz_sources := $(wildcard tests/fuzz/fuzz_*.c)
fuzz_driver  := $(if $(filter fuzz,$(VARIANT)),,$(B)/tools/fuzz-driver.o)
fuzz_runtime := $(if $(filter fuzz,$(VARIANT)),-fsanitize=fuzzer)
fuzzers: $(patsubst %.c,$(B)/%,$(fuzz_sources))
$(patsubst %.c,$(B)/%,$(fuzz_sources)): $(B)/%: $(B)/%.o $(call helpers,fuzz) $(support_objects) $(fuzz_driver) \
		$(call archives,fuzz) $(call links_sqlcipher,fuzz) $(jansson)
	$(call say,LD $@)
	$(Q)$(CC) $(PROGRAM_LDFLAGS) $(fuzz_runtime) -o $@ $^ $(static_libs) -lcmocka -lmicrohttpd -lcurl
