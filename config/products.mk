# libvelum, velumd and velum; each is built once its folder has sources.

soname := libvelum.so.0
library_static := $(if $(library_objects),$(B)/libvelum.a)
library_shared := $(if $(core_sources),$(B)/$(soname) $(B)/libvelum.so)
daemon  := $(if $(gateway_main),$(B)/velumd)
crm     := $(if $(crm_main),$(B)/velum-crm)
command := $(if $(cli_main),$(B)/velum)
courier := $(if $(courier_main),$(B)/velum-courier)
# A shared library is no place for a sanitiser's or a fuzzer's runtime.
products := $(library_static) $(if $(filter release test,$(VARIANT)),$(library_shared)) $(daemon) $(crm) $(command) $(courier)

.PHONY: products
products: $(products)
	@:

$(B)/libvelum.a: $(library_objects) $(list)
	$(call say,AR $@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)

# Debian's libjansson.a compares with stdin in a file reader that we never call. It is compiled for
# programs only, and that one reference cannot stand in a shared library: point it elsewhere (ADR 0003).
jansson := build/deps/libjansson$(cc_suffix).a
$(jansson): config/jansson-stdin.c
	@mkdir -p $(@D)
	$(call say,AR $@)
	$(Q)flock build/.lock-jansson tools/jansson.sh $(CC) $@

# The ABI is what the installed headers declare, nothing else.
$(B)/libvelum.map: tools/exports.sh include/velum/velum.h include/velum/module.h include/velum/status.h
	@mkdir -p $(@D)
	$(Q)tools/exports.sh $(CC) > $@.new && mv $@.new $@

$(B)/$(soname): $(library_objects) $(sqlcipher_object) $(jansson) $(B)/libvelum.map $(list)
	$(call say,LD $@)
	$(Q)$(CC) -shared $(LDFLAGS) -Wl,-soname,$(soname) -Wl,--version-script,$(B)/libvelum.map \
	  -Wl,-Bsymbolic -Wl,-z,defs,-z,text,-z,nodelete -o $@ $(filter %.o,$^) $(jansson) $(static_libs)

$(B)/libvelum.so: $(B)/$(soname)
	@ln -sf $(soname) $@

program_parts := $(library_static) $(sqlcipher_object) $(jansson)
$(B)/velumd: $(call object,$(gateway_main)) $(call archive_of,gateway) $(program_parts)
	$(call say,LD $@)
	$(Q)$(CC) $(PROGRAM_LDFLAGS) -o $@ $^ $(static_libs) -lmicrohttpd

$(B)/velum-crm: $(call object,$(crm_main)) $(call archive_of,crm) $(program_parts)
	$(call say,LD $@)
	$(Q)$(CC) $(PROGRAM_LDFLAGS) -o $@ $^ $(static_libs)

$(B)/velum: $(call object,$(cli_main)) $(call archive_of,cli) $(program_parts)
	$(call say,LD $@)
	$(Q)$(CC) $(PROGRAM_LDFLAGS) -o $@ $^ $(static_libs)

# libcurl comes from the system, into this program alone (ADR 0021).
$(B)/velum-courier: $(call object,$(courier_main)) $(call archive_of,courier) $(program_parts)
	$(call say,LD $@)
	$(Q)$(CC) $(PROGRAM_LDFLAGS) -o $@ $^ $(static_libs) -lcurl

# --- Install ------------------------------------------------------------------------------------
PREFIX ?= /usr/local
bindir  := $(PREFIX)/bin
sbindir := $(PREFIX)/sbin
libdir  := $(PREFIX)/lib
incdir  := $(PREFIX)/include/velum
mandir  := $(PREFIX)/share/man
sharedir := $(PREFIX)/share/velum
version := $(or $(strip $(file <VERSION)),0.1.0)

man_pages   := $(wildcard docs/man/*.1 docs/man/*.8)
completions := $(wildcard cli/completion/* crm/completion/*)
# Where each shell looks for the completion of a program: `_velum`, or `velum.bash`.
completion_of = $(if $(filter _%,$(1)),share/zsh/site-functions/$(1),share/bash-completion/completions/$(basename $(1)))
# file=destination, one table for install and uninstall.
installed := \
	$(if $(core_sources),$(B)/$(soname)=$(libdir)/$(soname) \
	  $(B)/velum.pc=$(libdir)/pkgconfig/velum.pc \
	  include/velum/velum.h=$(incdir)/velum.h include/velum/module.h=$(incdir)/module.h \
	  include/velum/status.h=$(incdir)/status.h) \
	$(if $(daemon),$(daemon)=$(sbindir)/velumd) $(if $(crm),$(crm)=$(sbindir)/velum-crm) \
	$(if $(command),$(command)=$(bindir)/velum) \
	$(if $(courier),$(courier)=$(sbindir)/velum-courier docs/examples/courier.yaml=$(sharedir)/courier.yaml) \
	$(if $(daemon),docs/velum.schema.json=$(sharedir)/velum.schema.json \
	  docs/examples/velum.yaml=$(sharedir)/velum.yaml) \
	$(foreach m,$(man_pages),$(m)=$(mandir)/man$(patsubst .%,%,$(suffix $(m)))/$(notdir $(m))) \
	$(foreach c,$(completions),$(c)=$(PREFIX)/$(strip $(call completion_of,$(notdir $(c)))))

.PHONY: install uninstall $(B)/velum.pc
$(B)/velum.pc: velum.pc.in
	@mkdir -p $(@D)
	@sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(version)|' $< > $@

mode_of = $(if $(filter velumd velum velum-crm velum-courier $(soname),$(notdir $(1))),755,644)
install: $(products) $(if $(core_sources),$(B)/velum.pc)
	$(foreach p,$(installed),$(call install_one,$(subst =, ,$(p)))$(newline))
	$(if $(core_sources),@ln -sf $(soname) $(DESTDIR)$(libdir)/libvelum.so)
install_one = @echo 'INSTALL $(DESTDIR)$(word 2,$(1))' && \
	install -D -m $(call mode_of,$(word 1,$(1))) $(word 1,$(1)) $(DESTDIR)$(word 2,$(1))
define newline


endef

uninstall:
	@rm -f $(foreach p,$(installed),$(DESTDIR)$(word 2,$(subst =, ,$(p)))) $(DESTDIR)$(libdir)/libvelum.so
	@rmdir $(DESTDIR)$(incdir) $(DESTDIR)$(sharedir) 2>/dev/null || true
