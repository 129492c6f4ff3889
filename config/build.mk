# The build of one VARIANT (release, test, asan, tsan, fuzz) by one compiler, into build/<variant>.
# Run through the Makefile, from the top folder.

.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules

VARIANT ?= release
include config/flags.mk

B := build/$(VARIANT)$(cc_suffix)
Q := $(if $(V),,@)
say = $(if $(V),,@echo '$(1)$(if $(NOTE), ($(NOTE)))')

# --- Folders, from the top row of the house to the ground --------------------------------------
folders := courier cli gateway crm core policy vault audit store base
$(foreach f,$(folders),$(eval include $(wildcard $(f)/rules.mk)))

library_folders := core policy vault audit store base
# What a test of a folder may link with: the folder and the rows below it.
below_base    := base
below_store   := store base
below_policy  := policy base
below_vault   := vault store base
below_audit   := audit base
below_core    := $(library_folders)
below_crm     := crm $(library_folders)
below_gateway := gateway $(library_folders)
below_cli     := cli $(library_folders)
below_courier := courier $(library_folders)

object = $(patsubst %.c,$(B)/%.o,$(1))
# A folder's main() stays out of its archive, so that tests can link with all the rest.
main_of = $(if $($(1)_sources),$(shell grep -lE '^int main\>' $($(1)_sources)))
gateway_main := $(call main_of,gateway)
crm_main     := $(call main_of,crm)
cli_main     := $(call main_of,cli)
courier_main := $(call main_of,courier)
objects_of = $(call object,$(filter-out $($(1)_main),$($(1)_sources)))
archive_of = $(if $(call objects_of,$(1)),$(B)/$(1).a)

library_objects := $(foreach f,$(library_folders),$(call objects_of,$(f)))

include config/sqlcipher.mk

# --- Compile ------------------------------------------------------------------------------------
compile = $(CC) $(CPPFLAGS) $(CFLAGS) $(extra_flags) -MMD -MP -c -o $@ $<

# $(call remember,FILE,TEXT): FILE is as new as the last change of TEXT.
remember = $(if $(call differs,$(strip $(2)),$(strip $(file <$(1)))),$(shell mkdir -p $(dir $(1)))$(file >$(1),$(strip $(2))))
differs = $(if $(subst x$(1)x,,x$(2)x)$(subst x$(2)x,,x$(1)x),yes)

# Objects are made anew when the command that makes them changes, archives when a source comes or goes.
stamp := $(B)/.command
$(call remember,$(stamp),$(CC) $(CPPFLAGS) $(CFLAGS) $(SQLCIPHER))
list := $(B)/.sources
$(call remember,$(list),$(foreach f,$(folders),$($(f)_sources)))

$(B)/%.o: %.c $(stamp)
	@mkdir -p $(@D)
	$(call say,CC $<)
	$(Q)$(compile)

# Where SQLCipher's header is included, it has to be there first, with the key functions declared.
sqlcipher_users := $(call object,$(store_sources) $(wildcard tests/store/*.c))
$(sqlcipher_users): extra_flags += -isystem $(SQLCIPHER) -DSQLITE_HAS_CODEC
$(sqlcipher_users): | $(SQLCIPHER)/sqlite3.h

$(B)/tests/%.o: extra_flags += $(test_warnings)

define folder_archive
$(B)/$(1).a: $(call objects_of,$(1)) $(list)
	$$(call say,AR $$@)
	$$(Q)rm -f $$@ && $(AR) rcs $$@ $$(filter %.o,$$^)
endef
$(foreach f,$(folders),$(eval $(call folder_archive,$(f))))

include config/products.mk
include config/tests.mk

-include $(shell find $(B) -name '*.d' 2>/dev/null)
