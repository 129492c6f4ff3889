# crm/: velum-crm: modules behind the gate, one noun a folder
crm_sources := $(wildcard crm/*.c crm/*/*.c)
