# policy/: pure: bundle, tables, decide, mask
policy_sources := $(wildcard policy/*.c) policy/embedded.c

# The policies inside the library (policy/embedded.h) are made from their folders.
policy_folders := policy/sample policy/bootstrap policy/packs
$(B)/policy/embedded.c: tools/embed-policy $(foreach f,$(policy_folders),$(wildcard $(f)/*.yaml $(f)/notices/*.md $(f)/modules/*.yaml))
	@mkdir -p $(@D)
	$(call say,EMBED $@)
	$(Q)tools/embed-policy $(foreach f,$(policy_folders),$(notdir $(f))=$(f)) > $@.new && mv $@.new $@

$(B)/policy/embedded.o: $(B)/policy/embedded.c $(B)/.command
	$(call say,CC $<)
	$(Q)$(compile)
