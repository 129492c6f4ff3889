#!/usr/bin/env python3
"""What kill_at_act.py does to the acts of people, done to those of modules: rows, work, timers, reads of
many, webhooks, tasks."""
import kill_at_act
from kill_module_acts import MODULE_ACTS

if __name__ == "__main__":
    kill_at_act.main(MODULE_ACTS)
