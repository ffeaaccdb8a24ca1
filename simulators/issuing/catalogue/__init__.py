"""Which documents must an inspection tell apart? Genuine ones of every kind, and what forgers make of them.

``simulators.issuing.catalogue.table.ENTRIES`` holds all of them by name; docs/catalogue.md is written from it.
"""
